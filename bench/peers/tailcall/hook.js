// What a source sends, in the graph's names. Tailcall calls it with the body as text; it runs in Tailcall's own engine.
const names = NAMES_JSON;

function translated(value) {
  if (Array.isArray(value)) return value.map(translated);
  if (value === null || typeof value !== 'object') return value;
  const told = {};
  for (const key of Object.keys(value)) {
    if (key.endsWith('koodi-versio')) continue;
    const held = value[key];
    told[names[key] || key] = key.endsWith('koodi-uri')
      ? { uri: held, version: value[key.replace(/uri$/, 'versio')] }
      : translated(held);
  }
  return told;
}

function inTheGraphsNames(body) {
  return JSON.stringify(translated(JSON.parse(body).data));
}
