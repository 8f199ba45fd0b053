// The page: who looks, in which language, at which part of it. Nothing of it is stored, and no address tells of anybody.
import { ask, Failure } from "../client.js"
import { dayOf, inWords } from "../dates.js"
import { KEEPING } from "../element.js"
import { gaps, notice, waiting } from "../notices.js"
import { cut, el, fill, unfold } from "../render.js"
import { SHEET } from "../styles.js"
import { LANGUAGES, languageOf, nameIn, words } from "../texts.js"
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

const paper = new CSSStyleSheet()
document.adoptedStyleSheets = [SHEET, paper]

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
const printed = el("p.printed")
let t

document.body.replaceChildren(skip, top, picker, navigation, main)

// Other content in a box; where what has the focus goes with the old, it is handed to what comes next or the whole part.
function put(box, ...children) {
  const at = document.activeElement
  const hadFocus = box.contains(at)
  fill(box, ...children)
  const next = box.querySelector(".next")
  if (next && (hadFocus || at === main)) next.focus()
  else if (hadFocus && !box.contains(document.activeElement)) main.focus({ preventScroll: true })
}

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
    printed,
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
  put(main, waiting(t))
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
    put(main, failed(failure, () => signedIn(page, keep)))
    if (isOver(failure.kind)) signIn()
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
  put(main, main.querySelector(".notice.expired") && notice("expired", t), form)
  return field
}

// That the sign-in has ended where nobody but the person can have a new one.
const isOver = (kind) => kind === "expired" && !eyes

const signingIn = () => el("div", {}, el("button", { type: "button", onclick: () => signIn().focus() }, t("signIn")))

// A failure in words, with what can be done about it here.
function failed({ kind, reason }, again) {
  if (reason) return notice("input", t, { again, body: t(reason) })
  return isOver(kind) ? [notice(kind, t), signingIn()] : notice(kind, t, { again })
}

async function chooseRole(page) {
  const token = typeof now.token === "function" ? await now.token() : now.token
  const held = rolesOf(token).map(({ role, organisation }) => [organisation ? `${role}@${organisation}` : role, t(role.toUpperCase())])
  const taken = (role) => {
    now.role = role
    signedIn(page)
  }
  put(main, notice("roles", t), el("div.role", { role: "group", "aria-label": t("role") }, held.map(([role, name]) =>
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
  shown.turn += 1
  const box = el("div")
  put(main, box)
  if (!keep) main.focus({ preventScroll: true })
  await PAGES[page](box, { t, lang: now.lang, viewer: now.viewer, asked, failed, loader, open })
}

// Loads a part of the page into its box, and again when it is called again. What is asked is shown while it is waited for
// and drawn when it is there; what fails or lacks is said beside what was shown, which goes where it may not stay.
function loader(box, asking, drawn, { isBelow = false } = {}) {
  const said = el("div", { "aria-live": "polite" })
  const body = el("div.drawn")
  put(box, isBelow ? [body, said] : [said, body])
  return async function load(...about) {
    const again = () => load(...about)
    put(said, waiting(t))
    try {
      const answer = await asking(...about)
      put(body, drawn(answer))
      put(said, gaps(answer, t, again))
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure
      if (!KEEPING.includes(failure.kind)) put(body)
      put(said, failed(failure, again))
    }
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
  const over = el("div")
  shown.plan.addEventListener("hoks-loaded", () => {
    put(over)
    eyes?.changed(shown.plan?.answer, now.viewer)
  })
  shown.plan.addEventListener("hoks-failed", ({ detail }) => put(over, isOver(detail.reason) && signingIn()))
  box.append(shown.plan, over)
}

// On paper nothing is folded, which a plan sees to by itself; it says when and by whom it was printed, and on every sheet
// whose it is. As text of a style that name is nothing but numbers of letters.
addEventListener("beforeprint", () => {
  const { role, organisationName } = now.viewer ?? {}
  const told = [t("printed", inWords(settings.today ?? dayOf(), now.lang)), role && t(role), nameIn(now.lang, organisationName)?.text]
  fill(printed, told.filter(Boolean).join(" · "))
  const name = shown.plan?.answer?.student?.name ?? main.querySelector(".whose")?.textContent
  const escaped = Array.from([cut(name), told[0]].filter(Boolean).join(" · "), (each) => `\\${each.codePointAt(0).toString(16)} `)
  paper.replaceSync(`@page { @bottom-left { content: "${escaped.join("")}"; font: 8pt system-ui } }`)
  unfold(main)
})

await speak(now.lang)
await (eyes ? eyes.begin() : signedIn())
