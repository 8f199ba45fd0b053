// What the elements have in common: whom they ask in which language, states and events. The token comes by property
// alone: text, or a function that gives it.
import { ask } from "./client.js"
import { dayOf } from "./dates.js"
import { gaps, notice, waiting } from "./notices.js"
import { el, fill, unfold } from "./render.js"
import { SHEET } from "./styles.js"
import { languageOf, words } from "./texts.js"
import { Withheld } from "./withheld.js"

const KEPT_MILLISECONDS = 60_000
export const KEEPING = ["busy", "offline", "failed"]

export class HoksElement extends HTMLElement {
  static observedAttributes = ["endpoint", "lang"]
  static sheets = [SHEET]
  static texts = () => {}
  #token
  #role
  #asking
  #listening
  #askedAt = 0
  #state = {}
  #top = el("div", { "aria-live": "polite", tabindex: "-1" })
  #body = el("div.body")

  constructor() {
    super()
    const root = this.attachShadow({ mode: "open" })
    root.adoptedStyleSheets = this.constructor.sheets
    root.append(this.#top, this.#body)
  }

  set token(token) {
    this.#token = token
    this.refresh()
  }

  // The acting role, `role@organisation`, of a token that holds several.
  set role(role) {
    this.#role = role
  }

  // The day to be marked, if not that of the reading.
  today

  // What was answered last; null where nothing is shown.
  get answer() {
    return this.#state.answer ?? null
  }

  connectedCallback() {
    for (const name of ["role", "student", "token"].filter((each) => Object.hasOwn(this, each))) {
      const held = this[name]
      delete this[name]
      this[name] = held
    }
    this.#listening = new AbortController()
    const on = (name, listener) => window.addEventListener(name, listener, { signal: this.#listening.signal })
    on("visibilitychange", () => !document.hidden && Date.now() - this.#askedAt > KEPT_MILLISECONDS && this.refresh())
    on("online", () => this.#state.failure === "offline" && this.refresh())
    on("beforeprint", () => unfold(this.shadowRoot))
    this.refresh()
  }

  disconnectedCallback() {
    this.#listening.abort()
    this.#asking?.abort()
  }

  attributeChangedCallback(name) {
    if (this.isConnected) name === "lang" ? this.#draw() : this.refresh()
  }

  // Forget what is shown.
  clear() {
    this.#asking?.abort()
    this.#state = {}
    return this.#draw()
  }

  async refresh() {
    if (!this.isConnected || !this.#token) return
    this.#asking?.abort()
    const asking = (this.#asking = new AbortController())
    this.#askedAt = Date.now()
    const before = this.#state
    this.#state = { ...before, isWaiting: true, failure: null }
    this.#draw()
    const from = { endpoint: this.getAttribute("endpoint"), token: this.#token, role: this.#role, signal: asking.signal }
    const after = { isGone: before.isGone }
    try {
      const answer = await ask(from, ...this.question())
      after.answer = { ...answer, student: this.studentOf(answer.data) }
      after.isGone = !after.answer.student && Boolean(before.answer?.student || before.isGone)
    } catch ({ kind = "failed" }) {
      after.failure = kind
      if (KEEPING.includes(kind)) after.answer = before.answer
    }
    if (asking !== this.#asking || asking.signal.aborted) return
    this.#state = after
    await this.#draw()
    this.#tell(after)
  }

  #tell({ answer, failure }) {
    const tell = (name, detail) => this.dispatchEvent(new CustomEvent(`hoks-${name}`, { detail, bubbles: true, composed: true }))
    if (failure) return tell("failed", { reason: failure })
    tell("loaded", { isEmpty: !answer.student, gaps: answer.gaps.map(({ source }) => source) })
    const coordinates = answer.withheld.map(({ coordinate }) => coordinate)
    if (coordinates.length) tell("withheld", { coordinates })
  }

  async #draw() {
    const state = this.#state
    const lang = languageOf(this.closest("[lang]")?.lang)
    const t = await words(lang, this.constructor.texts(lang))
    if (state !== this.#state) return
    const { answer, failure, isWaiting, isGone } = state
    const again = () => this.refresh()
    const top = [
      isWaiting && waiting(t),
      failure && notice(failure, t, { again: failure !== "denied" && again }),
      answer && gaps(answer, t, again),
      answer && !answer.student && notice(isGone ? "gone" : "empty", t),
    ]
    const root = this.shadowRoot
    const hadFocus = root.activeElement
    this.#top.lang = this.#body.lang = lang
    fill(this.#top, top)
    if (!isWaiting || !answer) {
      const { student, withheld } = answer ?? {}
      const read = (student?.sources ?? []).map(({ fetchedAt }) => fetchedAt ?? "").sort()
      const context = { t, lang, again, today: this.today ?? dayOf(read.at(-1)), withheld: new Withheld(withheld, t) }
      fill(this.#body, student && this.drawn(student, context))
    }
    if (hadFocus && !root.activeElement) (root.querySelector("button") ?? this.#top).focus()
  }
}
