// The inbox by keyboard. Nothing here is needed: each key does what a button does.

import { element } from "./dom.js";
import { keysAreOn, showKeys } from "./settings.js";

export function listenToKeys(inbox) {
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) {
      return;
    }
    if (target.matches("input, textarea, select")) {
      if (target === element("search")) {
        searchKey(event, inbox);
      }
      return;
    }
    const act = actOf(event, target, inbox);
    if (act) {
      event.preventDefault();
      act();
    }
  });
}

function searchKey(event, inbox) {
  if (event.key === "Escape") {
    event.target.value = "";
    inbox.search();
    inbox.list.step(0);
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    inbox.list.step(0);
  }
}

/** What a key does where the focus is now, or nothing. */
function actOf(event, target, inbox) {
  const { list } = inbox;
  const onRow = target.matches(".row");
  const current = () => list.current;
  switch (event.key) {
    case "ArrowDown":
      return onRow && (() => list.step(1));
    case "ArrowUp":
      return onRow && (() => list.step(-1));
    case "Home":
      return onRow && (() => list.step(-Infinity));
    case "End":
      return onRow && (() => list.step(Infinity));
    case "Escape":
      return list.open && (() => foldToRow(list));
    case "Delete":
      return current() && (() => inbox.remove(current()));
    case " ":
      return (onRow || !target.closest("button, a, summary")) && current() && (() => play(inbox));
  }
  if (!keysAreOn()) {
    return null;
  }
  switch (event.key) {
    case "j":
      return () => list.step(1);
    case "k":
      return () => list.step(-1);
    case "s":
      return current()?.content && (() => share(inbox));
    case "u":
      return current() && (() => inbox.setHeard(current(), current().unread));
    case "z":
      return () => inbox.removal.undo();
    case "/":
      return () => element("search").focus();
    case "?":
      return showKeys;
  }
  return null;
}

function foldToRow(list) {
  const { memo } = list.open;
  list.fold();
  list.focus(memo.id);
}

/** Plays or pauses the memo at hand, unfolded first where it is not. */
function play(inbox) {
  const memo = inbox.list.current;
  const panel = inbox.list.open?.memo === memo ? inbox.list.open.panel : inbox.list.unfold(memo.id);
  panel?.toggle();
}

function share(inbox) {
  const memo = inbox.list.current;
  const panel = inbox.list.open?.memo === memo ? inbox.list.open.panel : inbox.list.unfold(memo.id);
  panel?.share();
}
