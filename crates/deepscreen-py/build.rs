//! Python has the symbols that an extension module lacks: says so to the linkers that want to know it.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
