// GraphiQL for the sandbox: whoever of the cast is chosen asks, with a token of the sandbox's issuer. Nothing is kept
// in the browser: what GraphiQL remembers, and every token, is gone with the page.

const settings = await told("/graphiql/settings.json");
const examples = await told("/graphiql/examples.json");
const cast = new Map((await told(`${settings.issuer}/personas`)).map((each) => [each.persona, each]));
const tokens = new Map();

const [persona, role, example, shows] = ["persona", "role", "example", "shows"].map((id) => document.getElementById(id));
const root = ReactDOM.createRoot(document.getElementById("graphiql"));
const memory = keptInMemory();

persona.append(...[...cast.values()].map((each) => new Option(`${each.persona} - ${each.title}`, each.persona)));
example.append(...groups(examples));
persona.addEventListener("change", () => become(persona.value));
example.addEventListener("change", () => show(examples[example.value]));
show(examples[0]);

/** The JSON at an address. */
async function told(address, request) {
  const response = await fetch(address, request);
  return response.json();
}

/** Let a person of the cast ask from now on, in the first of their roles. */
function become(name) {
  const { actingRoles, shows: what } = cast.get(name);
  persona.value = name;
  role.replaceChildren(...actingRoles.map((each) => new Option(each)));
  shows.textContent = what;
}

/** Open an example in a tab of its own, asked by the person for whom it is written. */
function show({ persona: asks, query }) {
  become(asks);
  root.render(
    React.createElement(GraphiQL, {
      key: crypto.randomUUID(),
      fetcher: ask,
      query: query.join("\n"),
      storage: memory,
      shouldPersistHeaders: false,
      defaultEditorToolsVisibility: true,
    }),
  );
}

/** The answer to an operation; with a new token where the sandbox was started anew. */
async function ask(operation, { headers } = {}) {
  const sent = async () =>
    fetch(settings.graph, {
      method: "POST",
      headers: {
        ...headers,
        "content-type": "application/json",
        authorization: `Bearer ${await tokenOf(persona.value)}`,
        "acting-role": role.value,
      },
      body: JSON.stringify(operation),
    });
  let response = await sent();
  if (response.status === 401) {
    tokens.clear();
    response = await sent();
  }
  return response.json();
}

async function tokenOf(name) {
  if (!tokens.has(name)) {
    const body = JSON.stringify({ persona: name });
    tokens.set(name, (await told(`${settings.issuer}/token`, { method: "POST", body })).access_token);
  }
  return tokens.get(name);
}

/** The examples by the page that they are on. */
function groups(all) {
  const pages = new Map();
  all.forEach(({ page, title, persona: asks }, place) => {
    if (!pages.has(page)) {
      pages.set(page, Object.assign(document.createElement("optgroup"), { label: page }));
    }
    pages.get(page).append(new Option(`${title} (${asks})`, place));
  });
  return pages.values();
}

/** What looks like the browser's storage and ends with the page. */
function keptInMemory() {
  const kept = new Map();
  return {
    get length() {
      return kept.size;
    },
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
    clear: () => kept.clear(),
  };
}
