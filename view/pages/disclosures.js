// A student: who has seen my data, newest first: which organisation, in which role, what and on which ground.
import { notice } from "../notices.js"
import { el, facts, free, list } from "../render.js"
import { nameIn } from "../texts.js"
import { moment } from "./moments.js"

export async function disclosures(box, { t, lang, asked, loaded }) {
  const cards = el("div.cards.wide")
  const more = el("div")
  const page = (after) =>
    loaded(more, () => asked("Disclosures", { after }), ({ data }) => {
      const { edges, pageInfo } = data.students.edges[0]?.node?.disclosures ?? { edges: [], pageInfo: {} }
      cards.append(...edges.map(({ node }) => card(node)))
      if (!cards.childElementCount) return notice("empty", t, { body: t("noDisclosures") })
      return pageInfo.hasNextPage && el("button", { type: "button", onclick: () => page(pageInfo.endCursor) }, t("more"))
    })
  box.replaceChildren(el("h2", {}, t("disclosuresPage")), el("p", {}, t("disclosuresTold")), cards, more)
  await page(null)

  function named(term) {
    return term && free(nameIn(lang, term.name)?.text ?? term.code ?? term.oid)
  }

  function card(row) {
    const { event, count, first, last, items, grounds, laws, organisation, role, purpose, provider, reference, mayBeOlder } = row
    const times = first === last ? moment(first, lang) : `${moment(first, lang)} – ${moment(last, lang)}`
    return el(
      "article.card",
      {},
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
