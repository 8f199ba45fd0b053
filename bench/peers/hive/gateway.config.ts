// Nothing kept, nothing shared between callers, and as long a wait for a source as everybody's.
import { defineConfig } from '@graphql-hive/gateway';

export const gatewayConfig = defineConfig({
  logging: 'error',
  landingPage: false,
  graphiql: false,
  upstreamTimeout: Number(process.env.TIMEOUT_MS),
});
