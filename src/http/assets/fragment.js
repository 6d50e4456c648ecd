// Runs first, before anything else of the page: old links carry the key in the query (?key=K), and some programs that
// forward links turn the # into %23. Both are put right in the address bar, so that neither the history nor any
// later request holds the key anywhere but in the fragment, which browsers keep to themselves.
(() => {
  "use strict";
  const query = new URLSearchParams(location.search);
  let path = location.pathname;
  let fragment = location.hash.slice(1);
  const mangled = path.search(/%23/i);
  if (mangled >= 0) {
    fragment = fragment || decodeURIComponent(path.slice(mangled + 3));
    path = path.slice(0, mangled);
  }
  if (query.has("key")) {
    // A plus sign of plain base64 arrives as a space.
    fragment = fragment || query.get("key").replaceAll(" ", "+");
  }
  if (mangled >= 0 || location.search) {
    history.replaceState(null, "", path + (fragment ? "#" + fragment : ""));
  }
})();
