"""What people look at: standard elements in plain ES modules, served by the gateway as they stand; nothing is built.

In order of flow, below an element:

operations.js       the hashes of the trusted documents; made of `operations/` with `operations.json`, the manifest
client.js           the one door out: an operation asked with a token, and an answer or a named failure
texts.js            every word of the elements in Finnish, Swedish and English
render.js           nodes made of values; text is only ever text
dates.js            days and moments in words, and a time axis
withheld.js         what is not shown to this role, and why, at its place and together
notices.js          waiting, empty, denied, partial, old and failed: each in words with what to do
providers.js        one colour and one pattern a provider, and their legend
axis.js             the plans of all providers on one time axis
parts.js            a period and a demonstration in words
plans.js            each plan in short: what is studied, progress, approval, phase and goal
styles.js           how the elements look, light and dark and printed
element.js          what the elements have in common: endpoint, language, token, states and events
hoks-plan.js        <hoks-plan>, the merged plan of one student
trainee.js          a trainee's periods and demonstrations
hoks-period.js      <hoks-period>, the one period or demonstration of an embed token

and of the page `/view`, in `pages/`:

index.html          the page
page.css            how it looks around the elements
texts.js            its words
units.js            units side by side, with their state in each plan
sections.js         further sections of <hoks-plan>, for a page that has room
page.js             who looks, in which language, at which part of the page
eyes.js             of the sandbox: the same student through the eyes of others, and what changes by it
students.js         a teacher's students by group
moments.js          a moment in words
disclosures.js      a student: who has seen my data
consents.js         a student: consents given, and giving and withdrawing one
trainees.js         a workplace: the periods of my trainees
"""
