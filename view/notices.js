// States of an answer: what has happened, and what to do.
import { el } from "./render.js"

const SIGNS = { empty: "○", gone: "×", expired: "→", offline: "≠", denied: "⊘", roles: "?", partial: "◔", stale: "◷", busy: "…" }

export const notice = (kind, t, { again, told, body } = {}) =>
  el(
    `section.notice.${kind}`,
    {},
    el("span.sign", { "aria-hidden": "true" }, SIGNS[kind] ?? "!"),
    el("div", {}, el("b", {}, t(kind)), el("p", {}, body ?? t(`${kind}Do`, told))),
    again && el("button", { onclick: again }, t("again")),
  )

const SLOW_SECONDS = 2

export function waiting(t) {
  const text = el("p", {}, t("waiting"))
  const node = el("section.notice.waiting", {}, el("progress", { "aria-label": t("waiting") }), text)
  setTimeout(() => node.isConnected && (text.textContent = t("waitingLong")), SLOW_SECONDS * 1000)
  return node
}

// Which sources an answer lacks, and of which it holds an earlier one.
export const gaps = (answer, t, again) => {
  const old = answer.gaps.filter(({ outcome }) => outcome === "STALE")
  const missing = answer.gaps.filter((each) => !old.includes(each))
  const told = (some) => some.map(({ source, outcome }) => `${source} (${t(outcome)})`).join(", ")
  return [
    (missing.length > 0 || answer.isPartial) && notice("partial", t, { again, told: told(missing) || "?" }),
    old.length > 0 && notice("stale", t, { again, told: told(old) }),
  ]
}
