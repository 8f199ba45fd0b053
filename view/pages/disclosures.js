// A student: who has seen my data, newest first: which organisation, in which role, what and on which ground.
import { notice } from "../notices.js"
import { cut, el, facts, free, list } from "../render.js"
import { nameIn } from "../texts.js"
import { moment } from "./moments.js"

export async function disclosures(box, { t, lang, asked, loader }) {
  const pages = new Map()
  const rows = el("div")
  const asking = async (after = null) => ({ ...(await asked("Disclosures", { after })), after })
  const load = loader(rows, asking, drawn, { isBelow: true })
  box.replaceChildren(el("h2", {}, t("disclosuresPage")), el("p", {}, t("disclosuresTold")), rows)
  await load()

  function drawn({ data, gaps, isPartial, after }) {
    const { name, disclosures: found } = data.students.edges[0]?.node ?? {}
    const { edges, pageInfo } = found ?? { edges: [], pageInfo: {} }
    if (!after) pages.clear()
    pages.set(after, edges)
    const isNext = (of, place) => after && of === after && place === 0
    const cards = [...pages].flatMap(([of, some]) => some.map(({ node }, place) => card(node, isNext(of, place))))
    if (!cards.length) return (found || !(isPartial || gaps.length)) && notice("empty", t, { body: t("noDisclosures") })
    const next = () => load(pageInfo.endCursor)
    return [name && el("p.strong.whose", {}, el("bdi", {}, cut(name))), el("div.cards.wide", {}, cards), pageInfo.hasNextPage && [el("button", { type: "button", onclick: next }, t("more")), el("p.printed", {}, t("notAll"))]]
  }

  function named(term) {
    return term && free(nameIn(lang, term.name)?.text ?? term.code ?? term.oid)
  }

  function card(row, isNext) {
    const { event, count, first, last, items, grounds, laws, organisation, role, purpose, provider, reference, mayBeOlder } = row
    const times = first === last ? moment(first, lang) : `${moment(first, lang)} – ${moment(last, lang)}`
    return el(
      isNext ? "article.card.next" : "article.card",
      { tabindex: isNext && "-1" },
      el("h3", {}, named(event), organisation && [": ", named(organisation)]),
      el("p", {}, times, count > 1 && ` · ${t("times", count)}`),
      facts([
        [t("role"), named(role)],
        [t("purpose"), named(purpose)],
        [t("whoseData"), named(provider)],
        [t("what"), list(items.map(named))],
        [t("ground"), list([...grounds.map(named), ...laws])],
        ["", mayBeOlder && t("older")],
        [t("reference"), free(reference)],
      ]),
    )
  }
}
