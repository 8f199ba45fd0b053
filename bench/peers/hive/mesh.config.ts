// One supergraph out of two OpenAPI documents.
import { defineConfig } from '@graphql-mesh/compose-cli';
import { loadOpenAPISubgraph } from '@omnigraph/openapi';

export const composeConfig = defineConfig({
  subgraphs: ['a', 'b'].map((name) => ({ sourceHandler: loadOpenAPISubgraph(name, { source: `./${name}.json` }) })),
});
