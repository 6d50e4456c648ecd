# Shared by contrib/demo and contrib/test: what a machine needs before cargo can do the rest. Sourced, not run.
# Everything is said on standard error: standard output belongs to the program that is started.

say() {
    printf '%s\n' "$*" >&2
}

# Rust, at least as new as Cargo.toml's rust-version.
need_rust() {
    local wanted found
    wanted=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' Cargo.toml)
    # rustup puts it here, and a shell opened before the installation does not know.
    if ! command -v cargo >/dev/null && [ -x "${HOME:-}/.cargo/bin/cargo" ]; then
        PATH="$HOME/.cargo/bin:$PATH"
    fi
    if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
        say "Obelus needs Rust $wanted or newer, and there is no Rust here."
        say "Install it with rustup, see https://rustup.rs, then run this again."
        exit 1
    fi
    found=$(rustc --version | cut -d ' ' -f 2)
    if [ "$(printf '%s\n%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1)" != "$wanted" ]; then
        say "Obelus needs Rust $wanted or newer; this is Rust $found ($(command -v rustc))."
        say "With rustup: rustup update stable. Without: see https://rustup.rs; Debian's own package is too old."
        exit 1
    fi
}

# need_packages PACKAGE...: installs those that are missing, where this is Debian or like it.
need_packages() {
    local missing=() package root=()
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say "This is not Debian, so nothing is installed. Needed, by their names in Debian: $*"
        return
    fi
    for package in "$@"; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
            missing+=("$package")
        fi
    done
    if [ ${#missing[@]} -eq 0 ]; then
        return
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "Missing packages, and no sudo to install them with. As root: apt-get install ${missing[*]}"
            exit 1
        fi
        root=(sudo)
    fi
    say "Installing from Debian: ${missing[*]}"
    local install=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}")
    # A fresh machine has no package lists, an old one has lists of packages that are gone: then fetch new ones.
    if ! "${install[@]}" >&2 </dev/null; then
        say "Fetching the package lists first"
        "${root[@]}" apt-get update -q >&2 </dev/null
        "${install[@]}" >&2 </dev/null
    fi
}

# need_axe: axe-core, which the browser tests run in the pages. From npm's registry, into the build's folder, not
# committed; without it the tests that want it say so, and fail in CI.
need_axe() {
    local version=4.14.1 folder="${CARGO_TARGET_DIR:-target}/npm"
    if grep -qs "\"version\": \"$version\"" "$folder/node_modules/axe-core/package.json"; then
        return
    fi
    # Node from elsewhere than Debian brings it along.
    command -v npm >/dev/null || need_packages npm
    npm install --prefix "$folder" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts --silent \
        "axe-core@$version" >&2 </dev/null || say "npm did not install axe-core $version"
}
