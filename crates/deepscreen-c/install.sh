#!/bin/sh
# Installs the header, the static and the shared library and the pkg-config file of deepscreen, on Linux, BSD and macOS.
#
# usage: install.sh PREFIX [BUILD]
#
# BUILD is the folder that cargo built into: target/release here, or in the workspace, unless said otherwise. Build first:
#   cargo build --release -p deepscreen-c
# DESTDIR goes before PREFIX where files are written, for packages.
set -eu
[ $# -ge 1 ] && [ $# -le 2 ] || { sed -n '4p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
prefix=$1
target=$here/target
[ -d "$target" ] || target=$here/../../target
build=${2:-${CARGO_TARGET_DIR:-$target}/release}
to=${DESTDIR:-}$prefix
case $prefix in /*) ;; *) echo "install.sh: $prefix: an absolute path is needed" >&2; exit 2 ;; esac

abi=$(sed -n 's/^#define DEEPSCREEN_ABI_VERSION //p' "$here/include/deepscreen.h")
case $(uname -s) in
    Darwin) built=libdeepscreen_c.dylib name=libdeepscreen.$abi.dylib link=libdeepscreen.dylib ;;
    *) built=libdeepscreen_c.so name=libdeepscreen.so.$abi link=libdeepscreen.so ;;
esac
for library in "$built" libdeepscreen_c.a; do
    [ -f "$build/$library" ] || { echo "install.sh: $build/$library: build first" >&2; exit 1; }
done
# Of the package, or of the workspace that it inherits from.
version=$(cargo pkgid --manifest-path "$here/Cargo.toml" | sed 's/.*[#@]//')
# What Rust's own library wants of the system; nothing else here links to anything.
# Into a folder of its own: rustc replaces what -o names, were it /dev/null.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
libs=$(: | rustc --crate-type staticlib --print native-static-libs -o "$work/empty.a" - 2>&1 |
    sed -n 's/.*native-static-libs: //p')

mkdir -p "$to/include" "$to/lib/pkgconfig"
install -m 644 "$here/include/deepscreen.h" "$to/include/deepscreen.h"
install -m 644 "$build/libdeepscreen_c.a" "$to/lib/libdeepscreen.a"
# rav1d defines the C functions of dav1d. In the shared library they are hidden; here they get names of their own, for
# programs that link dav1d too.
if [ "$(uname -s)" != Darwin ] && command -v objcopy >/dev/null; then
    names=$work/names
    nm --defined-only --extern-only "$to/lib/libdeepscreen.a" 2>/dev/null |
        awk '$3 ~ /^r?dav1d_/ && !seen[$3]++ {print $3, "deepscreen_" $3}' > "$names"
    objcopy --redefine-syms="$names" "$to/lib/libdeepscreen.a"
fi
install -m 755 "$build/$built" "$to/lib/$name"
ln -sf "$name" "$to/lib/$link"
sed -e "s|@PREFIX@|$prefix|" -e "s|@VERSION@|$version|" -e "s|@LIBS_PRIVATE@|$libs|" \
    "$here/deepscreen.pc.in" > "$to/lib/pkgconfig/deepscreen.pc"
