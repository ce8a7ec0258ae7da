#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| deepscreen_fuzz::policy(data));
