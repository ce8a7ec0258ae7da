//! Low frequencies of an 8x8 block in, 2 or 4 samples a side out.

/// The inverse transform of `size` points a side, of the low frequencies of an 8x8 block.
pub(super) fn transform(block: &[f32; 64], size: usize, into: &mut [u8], stride: usize) {
    let basis = basis(size);
    let mut half = [0.0_f32; 64];
    for v in 0..size {
        for x in 0..size {
            half[v * 8 + x] = (0..size).map(|u| block[v * 8 + u] * basis[u * 8 + x]).sum();
        }
    }
    for (y, row) in into.chunks_mut(stride).take(size).enumerate() {
        for (x, sample) in row[..size].iter_mut().enumerate() {
            let value: f32 = (0..size).map(|v| half[v * 8 + x] * basis[v * 8 + y]).sum();
            *sample = (value + 128.5) as u8;
        }
    }
}

/// Cosines of the transform of 1, 2, 4 or 8 points, with the factor that makes 8-point coefficients fit.
fn basis(points: usize) -> &'static [f32; 64] {
    use std::sync::LazyLock;
    static TABLES: LazyLock<[[f32; 64]; 4]> = LazyLock::new(|| {
        std::array::from_fn(|power| {
            let points = 1 << power;
            let mut table = [0.0; 64];
            for frequency in 0..points {
                // Orthonormal cosines of `points`, times sqrt(points / 8): the mean of a block is its first
                // coefficient over 8, whatever the size.
                let norm = if frequency == 0 { 8.0_f64.sqrt().recip() } else { 0.5 };
                for at in 0..points {
                    let angle =
                        (2 * at + 1) as f64 * frequency as f64 * std::f64::consts::PI / (2 * points) as f64;
                    table[frequency * 8 + at] = (norm * angle.cos()) as f32;
                }
            }
            table
        })
    });
    &TABLES[points.trailing_zeros() as usize]
}
