// Resolvers by hand, shared by the peers that have any: each field reads the wire's own key.
import { readFileSync } from 'node:fs';
import { parse } from 'graphql';

const beside = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const wire = Object.fromEntries(Object.entries(JSON.parse(beside('names.json'))).map(([key, name]) => [name, key]));

export const typeDefs = beside('plan.graphql');
export const sources = process.env.SOURCES.split(',');
export const timeout = Number(process.env.TIMEOUT_MS);

const named = (type) => (type.type ? named(type.type) : type.name.value);

function reader(name, type) {
  const key = wire[name];
  if (type !== 'Code') return (held) => held[key];
  const version = key.replace(/koodi-uri$/, 'koodi-versio');
  return (held) => (held[key] == null ? null : { uri: held[key], version: held[version] });
}

/** `planOf(source, oid)` fetches one plan, and null where the source has none; `listOf(first)` the first students. */
export function resolvers(planOf, listOf) {
  const types = {
    Query: {
      student: (_, { oid }) => ({ oid }),
      students: (_, { first }) => listOf(first),
    },
    Student: {
      // Each source for itself: one that fails leaves the others' plans, and an error in its own place.
      hoksit: async ({ oid }) => {
        const plans = await Promise.all(sources.map((source) => planOf(source, oid).catch((error) => error)));
        return plans.filter((plan) => plan !== null);
      },
    },
  };
  for (const { name, fields } of parse(typeDefs).definitions) {
    if (name.value in types || name.value === 'Code') continue;
    types[name.value] = Object.fromEntries(
      fields.map((field) => [field.name.value, reader(field.name.value, named(field.type))]),
    );
  }
  return types;
}
