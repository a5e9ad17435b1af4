"use strict";
// Takes what has changed out of a fresh copy of this page; without scripts the page renews itself, or waits to be loaded.
async function look() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(old.id);
    if (!fresh || old.innerHTML.replaceAll(" chosen", "") === fresh.innerHTML) continue;
    if (old.dataset.live === "append") {
      for (const child of [...fresh.children]) if (!document.getElementById(child.id)) old.append(child);
    } else if (!old.contains(document.activeElement)) {
      old.replaceChildren(...fresh.childNodes);
    }
  }
  mark();
}
// The line whose exchange is shown.
function mark() {
  for (const line of document.querySelectorAll("a.line")) line.classList.toggle("chosen", line.getAttribute("href") === location.hash);
}
addEventListener("hashchange", mark);
mark();
if (document.querySelector("[data-live]")) setInterval(() => look().catch(() => undefined), 1500);
