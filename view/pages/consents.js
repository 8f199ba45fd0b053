// A student: consents given; giving one, with what, to whom and until when in words before it is given; withdrawing one.
import { Failure } from "../client.js"
import { inWords } from "../dates.js"
import { notice } from "../notices.js"
import { cut, el, facts, list } from "../render.js"
import { nameIn } from "../texts.js"

const ITEMS = "D1 D2q D2u D3 D4 D5 D6u D6d D7 D8 D9 D10 D11b D12 D13 G Gi W1 W2 W3 W4 W5".split(" ")
const PURPOSES = ["RECOGNITION", "WORKPLACE_LEARNING", "EMPLOYMENT", "FURTHER_STUDIES", "SERVICES", "OTHER"]
const RECIPIENTS = ["PERSON", "ORGANISATION"]

// What was typed stays while the page does, whatever fails and whichever language is chosen.
const typed = { recipientKind: "PERSON", recipient: "", items: new Set(), express: new Set(), purpose: PURPOSES[0], endDate: "", plan: "" }

export async function consents(box, { t, lang, asked, loaded }) {
  const said = el("div", { role: "status" })
  const again = () => loaded(box, () => asked("Consents", { language: lang.toUpperCase() }), drawn)
  await again()

  function drawn({ data }) {
    const { consentText, students } = data
    const { hoksit = [], consents: given = [] } = students.edges[0]?.node ?? {}
    const plans = (hoksit ?? []).map(({ studyRightOid, provider, studyRight }) => {
      const code = studyRight?.qualifications?.[0]?.code
      const names = [nameIn(lang, provider?.name)?.text, code && nameIn(lang, code.name, code.uri)?.text]
      return [studyRightOid, names.filter(Boolean).map(cut).join(" – ")]
    })
    return [
      el("h2", {}, t("given")),
      said,
      given.length ? el("div.cards", {}, given.map((each) => card(each, plans))) : notice("empty", t, { body: t("noConsents") }),
      el("h2", {}, t("give")),
      el("section.text", {}, el("h3", {}, consentText.title), el("p", {}, consentText.text)),
      form(consentText, plans),
    ]
  }

  function card(each, plans) {
    const { id, recipientKind, recipient, items, purpose, startDate, endDate, isInForce, withdrawnOn, uses, studyRightOid } = each
    const sure = el("div")
    const ask = el("button", { type: "button", onclick: () => sure.replaceChildren(el("p", {}, t("withdrawSure")), yes, no) }, t("withdraw"))
    const yes = el("button.main", { type: "button", onclick: () => made("WithdrawConsent", { id }, "withdrawnNow") }, t("withdraw"))
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
      return made("GiveConsent", { input }, "givenNow")
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
      el("button.main", { type: "submit" }, t("give")),
    )
  }

  // A change; what was typed is let go once it is made, and kept where it is not.
  async function made(operation, variables, done) {
    try {
      await asked(operation, variables)
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure
      const { kind, reason } = failure
      const body = reason && t(reason) !== reason ? t(reason) : undefined
      said.replaceChildren(notice(kind, t, { body: kind === "input" ? (body ?? reason ?? t("failedDo")) : undefined }))
      said.scrollIntoView({ block: "nearest" })
      return
    }
    if (operation === "GiveConsent") Object.assign(typed, { recipient: "", items: new Set(), express: new Set(), endDate: "" })
    await again()
    said.replaceChildren(el("p.strong", {}, t(done)))
  }
}
