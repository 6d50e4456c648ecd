// Runs first, before anything else of a page: old links carry the key in the query (?key=K), and some programs that
// forward links turn the # into %23, or even that into %2523. Both are put right in the address bar, so that neither the
// history nor any later request holds the secret anywhere but in the fragment, which browsers keep to themselves.
(() => {
  "use strict";
  const decoded = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  const query = new URLSearchParams(location.search);
  let path = location.pathname;
  let fragment = location.hash.slice(1);
  const mangled = path.match(/%(?:25)*23/i);
  if (mangled) {
    fragment = fragment || decoded(path.slice(mangled.index + mangled[0].length));
    path = path.slice(0, mangled.index);
  }
  if (query.has("key")) {
    // A plus sign of plain base64 arrives as a space.
    fragment = fragment || query.get("key").replaceAll(" ", "+");
  }
  if (mangled || location.search) {
    history.replaceState(null, "", path + (fragment ? "#" + fragment : ""));
  }
  // What the server gave for such an address is not the page itself.
  if (mangled && document.currentScript.dataset.then === "reload") {
    location.reload();
  }
})();
