// Composes the gateway's subgraph with another one and asks the supergraph, forwarding what shows each caller.
import { text } from 'node:stream/consumers';
import { composeServices } from '@apollo/composition';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { parse } from 'graphql';
import { LOANS, served } from './loans.mjs';

const { url, sdl, loans, asked } = JSON.parse(await text(process.stdin));
const other = await served(loans);
const composed = composeServices([
  { name: 'hoks', url, typeDefs: parse(sdl) },
  { name: 'loans', url: other.url, typeDefs: parse(LOANS) },
]);
if (composed.errors) {
  console.log(JSON.stringify({ errors: composed.errors.map((each) => each.message) }));
  process.exit(0);
}

class Forwarding extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    for (const [name, value] of Object.entries(context.headers ?? {})) request.http?.headers.set(name, value);
  }
}

const gateway = new ApolloGateway({
  supergraphSdl: composed.supergraphSdl,
  buildService: (service) => new Forwarding(service),
});
const server = new ApolloServer({ gateway, stopOnTerminationSignals: false, logger: { debug() {}, info() {}, warn() {}, error() {} } });
await server.start();
const answers = [];
for (const { query, variables, headers } of asked) {
  const { body } = await server.executeOperation({ query, variables }, { contextValue: { headers } });
  answers.push({ data: body.singleResult.data, errors: body.singleResult.errors ?? [] });
}
console.log(JSON.stringify({ hints: composed.hints.map((each) => each.message), answers }));
await server.stop();
other.close();
