// The page: who looks, in which language, at which part of it. Nothing of it is stored, and no address tells of anybody.
import { ask, Failure } from "../client.js"
import { notice, waiting } from "../notices.js"
import { el } from "../render.js"
import { SHEET } from "../styles.js"
import { LANGUAGES, languageOf, words } from "../texts.js"
import { consents } from "./consents.js"
import { disclosures } from "./disclosures.js"
import { Eyes } from "./eyes.js"
import { OPERATIONS } from "./operations.js"
import "./sections.js"
import { students } from "./students.js"
import { wordsOfPages } from "./texts.js"
import { trainees } from "./trainees.js"

const PAGES = { plan, students, disclosures, consents, trainees }
const OF_ROLE = {
  STUDENT: ["plan", "disclosures", "consents"],
  INSTRUCTOR: ["trainees", "plan"],
  ASSESSOR: ["trainees", "plan"],
}
const OF_OTHERS = ["students", "plan"]
const NAMES = { fi: "Suomi", sv: "Svenska", en: "English" }

document.adoptedStyleSheets = [SHEET]

// What the page is about now; `student` is an OID, chosen among those the viewer is shown.
const now = { lang: languageOf(navigator.language), page: null, token: null, role: null, viewer: null, student: null }
const settings = await fetch("/view/settings.json").then((answer) => answer.json())
const eyes = settings.personas ? new Eyes(settings, now, opened) : null
const shown = { plan: null, turn: 0 }
const main = el("main", { id: "main", tabindex: "-1" })
const top = el("header.bar-top")
const navigation = el("nav")
const skip = el("a.skip", { href: "#main" })
const picker = el("div")
let t

document.body.replaceChildren(skip, top, picker, navigation, main)

// --- language

async function speak(lang) {
  now.lang = lang
  t = await words(lang, wordsOfPages(lang))
  document.documentElement.lang = lang
  document.title = t("title")
  skip.textContent = t("skip")
  if (eyes) picker.replaceChildren(eyes.drawn(t))
  top.replaceChildren(
    el("h1", {}, t("title")),
    el("div.languages", { role: "group", "aria-label": t("language") }, LANGUAGES.map((each) =>
      el("button", { type: "button", lang: each, "aria-pressed": String(each === lang), onclick: () => spoken(each) }, NAMES[each]))),
  )
}

async function spoken(lang) {
  await speak(lang)
  top.querySelector(`[lang="${lang}"]`).focus()
  if (shown.plan) shown.plan.setAttribute("lang", lang)
  navigate()
  if (now.viewer && now.page !== "plan") await show(now.page, { keep: true })
  if (!now.viewer) await signedIn()
}

// --- who looks

// A new token: find out who it is, and open the first page that they have, or the one they were on.
async function signedIn(page, keep = false) {
  if (!now.token) return signIn()
  main.replaceChildren(waiting(t))
  const turn = ++shown.turn
  try {
    const { data } = await asked("Viewer")
    if (turn !== shown.turn) return
    now.viewer = data.viewer
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure
    if (turn !== shown.turn) return
    now.viewer = null
    navigate()
    if (failure.kind === "roles") return chooseRole(page)
    main.replaceChildren(notice(failure.kind, t, { again: () => signedIn(page, keep) }))
    if (failure.kind === "expired" && !eyes) signIn()
    return
  }
  const pages = OF_ROLE[now.viewer.role] ?? OF_OTHERS
  await show(pages.includes(page) ? page : pages[0], { keep })
}

// Of the sandbox: another persona looks, at the same page where they have it.
async function opened({ token, student }) {
  Object.assign(now, { token, student, role: null, viewer: null })
  await signedIn("plan", true)
}

function signIn() {
  navigate()
  const field = el("input", { type: "password", name: "token", autocomplete: "off", required: true })
  const form = el(
    "form.form",
    {
      onsubmit: (event) => {
        event.preventDefault()
        Object.assign(now, { token: field.value.trim(), role: null })
        signedIn(now.page)
      },
    },
    el("h2", {}, t("signIn")),
    el("p", {}, t("signInDo")),
    el("label", {}, t("token"), field),
    el("button.main", { type: "submit" }, t("signIn")),
  )
  const told = main.querySelector(".notice.expired")
  main.replaceChildren(...(told ? [told] : []), form)
}

async function chooseRole(page) {
  const token = typeof now.token === "function" ? await now.token() : now.token
  const held = rolesOf(token).map(({ role, organisation }) => [organisation ? `${role}@${organisation}` : role, t(role.toUpperCase())])
  const taken = (role) => {
    now.role = role
    signedIn(page)
  }
  main.replaceChildren(notice("roles", t))
  main.append(el("div.role", { role: "group", "aria-label": t("role") }, held.map(([role, name]) =>
    el("button", { type: "button", value: role, onclick: () => taken(role) }, name))))
}

// The roles that a token names; they are shown for a choice, and the gateway believes nothing but the signature.
function rolesOf(token) {
  try {
    const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))
    return JSON.parse(text).roles ?? []
  } catch {
    return []
  }
}

// --- which part of the page

function navigate() {
  const pages = now.viewer ? (OF_ROLE[now.viewer.role] ?? OF_OTHERS).filter((each) => each !== "plan" || now.student || OF_ROLE[now.viewer.role]) : []
  navigation.className = "role"
  navigation.hidden = pages.length < 2
  navigation.setAttribute("aria-label", t("pages"))
  navigation.replaceChildren(el("ul", {}, pages.map((each) => {
    const button = el("button", { type: "button", "aria-current": each === now.page && "page", onclick: () => show(each) }, t(`${each}Page`))
    return el("li", {}, button)
  })))
}

async function show(page, { keep = false } = {}) {
  now.page = page
  navigate()
  shown.plan = null
  const turn = ++shown.turn
  const isCurrent = () => turn === shown.turn
  const box = el("div")
  main.replaceChildren(box)
  if (!keep) main.focus({ preventScroll: true })
  await PAGES[page](box, { t, lang: now.lang, viewer: now.viewer, asked, open, isCurrent, loaded })
}

// What a page asks, shown while it is waited for, drawn when it is there, and said in words when it fails.
async function loaded(box, asking, drawn) {
  const again = () => loaded(box, asking, drawn)
  box.replaceChildren(waiting(t))
  try {
    const answer = await asking()
    box.replaceChildren(...[drawn(answer)].flat(9).filter(Boolean))
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure
    box.replaceChildren(notice(failure.kind, t, { again }))
  }
}

const asked = (operation, variables) => ask({ token: now.token, role: now.role }, OPERATIONS[operation], variables)

function open(student) {
  now.student = student
  return show("plan")
}

function plan(box) {
  shown.plan = el("hoks-plan", { lang: now.lang })
  const isOwn = now.viewer.role === "STUDENT" || !now.student
  Object.assign(shown.plan, { today: settings.today, role: now.role, student: isOwn ? undefined : now.student, token: now.token })
  shown.plan.addEventListener("hoks-loaded", () => eyes?.changed(shown.plan?.answer, now.viewer))
  shown.plan.addEventListener("hoks-failed", ({ detail }) => detail.reason === "expired" && !eyes && main.append(el("div", {}, el("button", { type: "button", onclick: signIn }, t("signIn")))))
  box.append(shown.plan)
}

await speak(now.lang)
await (eyes ? eyes.begin() : signedIn())
