//! Names the shared library as `install.sh` installs it.

use std::env::var;

/// `DEEPSCREEN_ABI_VERSION` of `src/lib.rs`; `install.sh` finds it out of what is built.
const ABI: u32 = 1;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let argument = |argument: String| println!("cargo:rustc-cdylib-link-arg={argument}");
    match var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos" | "ios") => argument(format!("-Wl,-install_name,@rpath/libdeepscreen.{ABI}.dylib")),
        Ok("linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly") => {
            argument(format!("-Wl,-soname,libdeepscreen.so.{ABI}"));
            // The threads of a screener end a moment after it is freed: unloading the library would pull their code
            // from under them.
            argument("-Wl,-z,nodelete".to_owned());
            // rav1d exports the C functions of dav1d: a program that has dav1d too would get ours, or we its own.
            argument("-Wl,--exclude-libs,ALL".to_owned());
        }
        _ => {}
    }
}
