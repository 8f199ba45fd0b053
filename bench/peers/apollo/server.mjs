// Apollo Server, standalone, with resolvers by hand over the global fetch.
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { resolvers, sources, timeout, typeDefs } from './resolvers.mjs';

async function got(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(timeout) });
  if (answer.ok) return answer.json();
  await answer.text();
  if (answer.status === 404) return null;
  throw new Error('a source failed');
}

const planOf = async (source, oid) => (await got(`${source}/${oid}/plan`))?.data ?? null;
const listOf = (first) => got(`${sources[0]}/first/${first}`);

const server = new ApolloServer({ typeDefs, resolvers: resolvers(planOf, listOf), introspection: false });
await startStandaloneServer(server, { listen: { port: Number(process.env.PORT), host: '127.0.0.1' } });
