// A student: consents given; giving one, with what, to whom and until when in words before it is given; withdrawing one.
import { Failure } from "../client.js"
import { inWords } from "../dates.js"
import { notice } from "../notices.js"
import { cut, el, facts, list } from "../render.js"
import { nameIn } from "../texts.js"

const ITEMS = "D1 D2q D2u D3 D4 D5 D6u D6d D7 D8 D9 D10 D11b D12 D13 G Gi W1 W2 W3 W4 W5".split(" ")
const PURPOSES = ["RECOGNITION", "WORKPLACE_LEARNING", "EMPLOYMENT", "FURTHER_STUDIES", "SERVICES", "OTHER"]
const RECIPIENTS = ["PERSON", "ORGANISATION"]

// What was typed stays while the page does and the same person looks, whatever fails and whichever language is chosen.
const nothing = () => ({ recipient: "", items: new Set(), express: new Set(), endDate: "" })
const typed = { of: null, recipientKind: "PERSON", purpose: PURPOSES[0], plan: "", ...nothing() }

export async function consents(box, { t, lang, viewer, asked, failed, loader }) {
  if (typed.of !== viewer.oid) Object.assign(typed, nothing(), { of: viewer.oid })
  const said = el("div", { role: "status", tabindex: "-1" })
  const all = el("div")
  const load = () => loader(all, () => asked("Consents", { language: lang.toUpperCase() }), drawn)()
  box.replaceChildren(said, all)
  await load()

  function drawn({ data, gaps, isPartial }) {
    const { consentText, students } = data
    const { name, hoksit = [], consents: given } = students.edges[0]?.node ?? {}
    const isNone = given ? !given.length : !(isPartial || gaps.length)
    const plans = (hoksit ?? []).map(({ studyRightOid, provider, studyRight }) => {
      const code = studyRight?.qualifications?.[0]?.code
      const names = [nameIn(lang, provider?.name)?.text, code && nameIn(lang, code.name, code.uri)?.text]
      return [studyRightOid, names.filter(Boolean).map(cut).join(" – ")]
    })
    return [
      el("h2", {}, t("given")),
      name && el("p.strong.whose", {}, el("bdi", {}, cut(name))),
      isNone ? notice("empty", t, { body: t("noConsents") }) : el("div.cards", {}, (given ?? []).map((each) => card(each, plans))),
      el(
        "section.giving",
        {},
        el("h2", {}, t("give")),
        el("section.text", {}, el("h3", {}, consentText.title), el("p", {}, consentText.text)),
        form(consentText, plans),
      ),
    ]
  }

  function card(each, plans) {
    const { id, recipientKind, recipient, items, purpose, startDate, endDate, isInForce, withdrawnOn, uses, studyRightOid } = each
    const sure = el("div")
    const answer = el("div", { role: "status" })
    const question = el("p", { tabindex: "-1" }, t("withdrawSure"))
    const ask = el("button", { type: "button", onclick: () => (sure.replaceChildren(question, answer, yes, no), question.focus()) }, t("withdraw"))
    const yes = el("button.main", { type: "button", onclick: () => made("WithdrawConsent", { id }, "withdrawnNow", answer) }, t("withdraw"))
    const no = el("button", { type: "button", onclick: () => (sure.replaceChildren(ask), ask.focus()) }, t("close"))
    sure.append(ask)
    const state = withdrawnOn ? t("withdrawnOn", inWords(withdrawnOn, lang)) : t(isInForce ? "inForce" : "notInForce")
    return el(
      "article.card",
      {},
      el("h3", {}, `${t(recipientKind)}: `, el("bdi", {}, cut(recipient) ?? "")),
      el("p.strong", {}, state),
      facts([
        [t("whichPlan"), plans.find(([oid]) => oid === studyRightOid)?.[1]],
        [t("what"), list(items.map((item) => t(item)))],
        [t("purpose"), t(purpose)],
        [t("until"), `${inWords(startDate, lang)} – ${inWords(endDate, lang)}`],
        ["", t("uses", uses)],
      ]),
      !withdrawnOn && sure,
    )
  }

  function form({ version, sensitive }, plans) {
    typed.plan = plans.some(([oid]) => oid === typed.plan) ? typed.plan : (plans[0]?.[0] ?? "")
    const short = el("p.strong", { role: "status" })
    const answer = el("div", { role: "status" })
    const keep = (name) => (event) => {
      typed[name] = event.target.value
      told()
    }
    const select = (name, options) =>
      el("select", { onchange: keep(name) }, options.map(([value, text]) => el("option", { value, selected: typed[name] === value }, text)))
    const box = (set, item, text) => {
      const change = (event) => {
        event.target.checked ? set.add(item) : set.delete(item)
        told()
      }
      return el("label.tick-box", {}, el("input", { type: "checkbox", value: item, checked: set.has(item), onchange: change }), el("span", {}, text))
    }
    const chosen = () => ITEMS.filter((each) => typed.items.has(each))
    const told = () => {
      const isWhole = typed.recipient && typed.endDate && chosen().length
      const items = chosen().map((each) => t(each)).join(", ")
      short.textContent = isWhole ? t("inShort", typed.recipient, inWords(typed.endDate, lang), t(typed.purpose), items) : t("incomplete")
    }
    told()
    const give = (event) => {
      event.preventDefault()
      const { plan: studyRightOid, recipientKind, recipient, purpose, endDate, express } = typed
      const items = chosen()
      const input = { studyRightOid, recipientKind, recipient: recipient.trim(), items, purpose, endDate, textVersion: version, language: lang.toUpperCase(), express: items.filter((each) => express.has(each)) }
      return made("GiveConsent", { input }, "givenNow", answer)
    }
    return el(
      "form.form",
      { onsubmit: give },
      el("label", {}, t("whichPlan"), select("plan", plans)),
      el("label", {}, t("toWhom"), select("recipientKind", RECIPIENTS.map((each) => [each, t(each)]))),
      el("label", {}, t("recipient"), el("input", { name: "recipient", value: typed.recipient, required: true, autocomplete: "off", oninput: keep("recipient") })),
      el("fieldset", {}, el("legend", {}, t("whichItems")), el("div.items", {}, ITEMS.map((item) =>
        el("div", {}, box(typed.items, item, t(item)), sensitive.includes(item) && box(typed.express, item, `${t("sensitive")} (${t(item)})`))))),
      el("label", {}, t("purpose"), select("purpose", PURPOSES.map((each) => [each, t(each)]))),
      el("label", {}, t("until"), el("input", { type: "date", name: "endDate", value: typed.endDate, required: true, oninput: keep("endDate") })),
      short,
      answer,
      el("button.main", { type: "submit" }, t("give")),
    )
  }

  // A change, answered beside what asked for it where it fails, and otherwise above the list, which is read anew. What was
  // typed is let go once the consent is given, and kept where it is not.
  async function made(operation, variables, done, answer) {
    if (answer.querySelector("progress")) return
    answer.replaceChildren(el("section.notice.waiting", {}, el("progress", { "aria-label": t("sending") }), el("p", {}, t("sending"))))
    try {
      await asked(operation, variables)
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure
      answer.replaceChildren(...[failed(failure)].flat())
      return
    }
    if (operation === "GiveConsent") Object.assign(typed, nothing())
    said.replaceChildren(el("p.strong", {}, t(done)))
    said.focus()
    await load()
  }
}
