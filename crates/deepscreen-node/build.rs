//! Lets the linkers of macOS and Windows leave to Node what Node has.

fn main() {
    napi_build::setup();
}
