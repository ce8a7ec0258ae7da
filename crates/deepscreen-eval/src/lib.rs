//! Compares detectors honestly: labelled pictures or score files in, metrics with confidence intervals out.
#![forbid(unsafe_code)]
