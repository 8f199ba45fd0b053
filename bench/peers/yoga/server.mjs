// graphql-yoga with graphql-jit, and one undici pool for each source.
import { createServer } from 'node:http';
import { useGraphQlJit } from '@envelop/graphql-jit';
import { createSchema, createYoga } from 'graphql-yoga';
import { Pool } from 'undici';
import { resolvers, sources, timeout, typeDefs } from './resolvers.mjs';

const pools = new Map();

async function got(url) {
  const { origin, pathname } = new URL(url);
  if (!pools.has(origin)) {
    pools.set(origin, new Pool(origin, { connections: 100, headersTimeout: timeout, bodyTimeout: timeout }));
  }
  const { statusCode, body } = await pools.get(origin).request({ path: pathname, method: 'GET' });
  if (statusCode === 200) return body.json();
  await body.dump();
  if (statusCode === 404) return null;
  throw new Error('a source failed');
}

const planOf = async (source, oid) => (await got(`${source}/${oid}/plan`))?.data ?? null;
const listOf = (first) => got(`${sources[0]}/first/${first}`);

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers: resolvers(planOf, listOf) }),
  plugins: [useGraphQlJit()],
  logging: false,
  graphiql: false,
  landingPage: false,
});
createServer(yoga).listen(Number(process.env.PORT), '127.0.0.1');
