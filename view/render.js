// Nodes made of values: what a plan says becomes text, and markup is never written.

// `el("p.big", { lang, onclick, style: { left: "3%" } }, "text", node)`
export function el(name, { style = {}, ...attributes } = {}, ...children) {
  const [tag, ...classes] = name.split(".")
  const node = document.createElement(tag)
  if (classes.length) node.className = classes.join(" ")
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key.slice(2), value)
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(key, value === true ? "" : value)
  }
  for (const [key, value] of Object.entries(style)) node.style.setProperty(key, value)
  return fill(node, children)
}

// A node with other children; what is empty is left out.
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(9).filter((each) => each || each === 0))
  return node
}

const SHORT = 160

// As much of a text as a line or two hold.
export const cut = (text) => (text?.length > SHORT ? `${text.slice(0, SHORT)}…` : text)

// Free text in its own direction; what is long opens on demand.
export function free(text) {
  if (!text) return null
  if (text.length <= SHORT) return el("bdi.free", {}, text)
  return el(
    "details.long",
    {},
    el("summary", {}, el("bdi.free", {}, cut(text))),
    el("div.free", { dir: "auto", tabindex: "0", role: "group" }, text),
  )
}

// What is inside is made when it is opened for the first time.
export function opening(name, summary, inside) {
  const node = el(name, {}, summary)
  node.addEventListener("toggle", () => fill(node, summary, inside()), { once: true })
  return node
}

// Opens what is folded while it is printed.
export function unfold(root) {
  const opened = []
  for (let folded; (folded = root.querySelector("details:not([open])")); opened.push(folded)) {
    folded.open = true
    folded.dispatchEvent(new Event("toggle"))
  }
  addEventListener("afterprint", () => opened.forEach((each) => (each.open = false)), { once: true })
}

export const list = (each, name = "ul") => (each.length ? el(name, {}, each.map((one) => el("li", {}, one))) : null)

// Pairs of term and description, where there is one.
export const facts = (pairs) =>
  el("dl.facts", {}, pairs.filter(([, told]) => told).map(([term, told]) => el("div", {}, el("dt", {}, term), el("dd", {}, told))))
