//! Depthwise convolutions, several numbers at a time: rten 0.27 computes them one by one, which is two thirds of an
//! EfficientNet's time (its issue 370).

use rten_onnx::onnx::NodeProto;

use crate::detector::network::{attribute, is_standard};

/// Numbers that are summed up side by side: on AVX2 16 take a third longer, 64 two thirds.
const LANES: usize = 32;
/// Rows or columns that a kernel may reach over, and its borders with it: more is no kernel in use, and is left to rten.
const FARTHEST: usize = 64;

/// A convolution of each channel with a kernel of its own: ONNX's `Conv` of as many groups as channels.
///
/// Adds up in the order of rten, and so gives the same numbers.
pub(super) struct Depthwise {
    /// Height and width, as in all that has two numbers here.
    kernel: [usize; 2],
    strides: [usize; 2],
    dilations: [usize; 2],
    /// Top, left, bottom, right.
    pads: [usize; 4],
    /// A kernel for each channel.
    weights: Vec<f32>,
    /// A number for each channel.
    biases: Vec<f32>,
}

/// How many groups a convolution's node says it has.
pub(super) fn groups(node: &NodeProto) -> Option<usize> {
    let group = attribute(node, "group")?.i?;
    (is_standard(node.domain.as_deref()) && node.op_type.as_deref() == Some("Conv"))
        .then(|| usize::try_from(group).ok())?
}

impl Depthwise {
    /// The convolution of a node, where it is one of this kind: with weights of `shape`, and a bias for each channel.
    pub(super) fn new(
        node: &NodeProto,
        shape: &[usize],
        weights: Vec<f32>,
        biases: Option<Vec<f32>>,
    ) -> Option<Self> {
        let &[channels, 1, height, width] = shape else { return None };
        let sizes = |name: &str, default: &[usize]| match attribute(node, name) {
            Some(given) => given.ints.iter().map(|size| usize::try_from(*size).ok()).collect(),
            None => Some(default.to_vec()),
        };
        let conv = Self {
            kernel: [height, width],
            strides: sizes("strides", &[1; 2])?.try_into().ok()?,
            dilations: sizes("dilations", &[1; 2])?.try_into().ok()?,
            pads: sizes("pads", &[0; 4])?.try_into().ok()?,
            biases: biases.unwrap_or_else(|| vec![0.0; channels]),
            weights,
        };
        let pads_are_stated =
            attribute(node, "auto_pad").is_none_or(|kind| kind.s.as_deref() == Some("NOTSET"));
        let fits = groups(node) == Some(channels)
            && channels > 0
            && conv.biases.len() == channels
            && conv.weights.len() == channels * height * width;
        let is_small = [conv.kernel, conv.strides, conv.dilations]
            .iter()
            .flatten()
            .all(|size| (1..=FARTHEST).contains(size))
            && (0..2).all(|axis| conv.span(axis) <= FARTHEST)
            && conv.pads.iter().all(|pad| *pad <= FARTHEST);
        // A border of zeros makes nothing of them, rten leaves it out.
        let is_finite = conv.weights.iter().all(|weight| weight.is_finite());
        (pads_are_stated && fits && is_small && is_finite).then_some(conv)
    }

    /// How far apart the first and the last number of a kernel are.
    fn span(&self, axis: usize) -> usize {
        self.dilations[axis] * (self.kernel[axis] - 1)
    }

    /// The convolution of pictures [N, channels, height, width]; `None` for what it does not fit.
    pub(super) fn run(
        &self,
        input: &[f32],
        [pictures, channels, height, width]: [usize; 4],
    ) -> Option<(Vec<f32>, [usize; 4])> {
        if channels != self.biases.len() || height * width == 0 {
            return None;
        }
        let made = |axis: usize, side: usize| {
            let padded = side + self.pads[axis] + self.pads[axis + 2];
            Some(padded.checked_sub(self.span(axis) + 1)? / self.strides[axis] + 1)
        };
        let (rows, columns) = (made(0, height)?, made(1, width)?);
        let numbers =
            pulp::Arch::new().dispatch(Convolve { conv: self, input, sides: [height, width], rows, columns });
        Some((numbers, [pictures, channels, rows, columns]))
    }
}

struct Convolve<'a> {
    conv: &'a Depthwise,
    /// Channel after channel.
    input: &'a [f32],
    /// Height and width of a channel.
    sides: [usize; 2],
    /// Those of what is made.
    rows: usize,
    columns: usize,
}

impl pulp::WithSimd for Convolve<'_> {
    type Output = Vec<f32>;

    // A channel is laid out with its borders, and where a stride leaves numbers out, those that are as many steps apart
    // form a plane of their own. So the numbers that one weight is multiplied with lie side by side, and all rows are
    // one run; what comes out between two rows is left behind.
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Vec<f32> {
        let Self { conv, input, sides: [height, width], rows, columns } = self;
        let ([down, across], [top, left, ..]) = (conv.strides, conv.pads);
        let (plane_height, plane_width) = (rows + conv.span(0) / down, columns + conv.span(1) / across);
        let place = |y: usize, x: usize| {
            let plane = y % down * across + x % across;
            (plane * plane_height + y / down) * plane_width + x / across
        };
        let taps: Vec<usize> = (0..conv.kernel[0])
            .flat_map(|y| (0..conv.kernel[1]).map(move |x| (y, x)))
            .map(|(y, x)| place(y * conv.dilations[0], x * conv.dilations[1]))
            .collect();
        let mut planes = vec![0.0; down * across * plane_height * plane_width + plane_width + LANES];
        let mut sums = vec![0.0; (rows * plane_width).next_multiple_of(LANES)];
        let mut made = Vec::with_capacity(input.len() / (height * width) * rows * columns);
        let kernels = conv.weights.chunks_exact(taps.len()).zip(&conv.biases).cycle();
        for (channel, (weights, bias)) in input.chunks_exact(height * width).zip(kernels) {
            let reached = (plane_height * down).saturating_sub(top);
            for (y, row) in channel.chunks_exact(width).take(reached).enumerate() {
                for step in 0..across.min(width) {
                    let room = plane_width.saturating_sub((step + left) / across);
                    let to = &mut planes[place(y + top, step + left)..][..room];
                    copy_every(across, &row[step..], to);
                }
            }
            for (at, sums) in sums.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                // In a variable of its own, so that it stays in registers.
                let mut sum = [*bias; LANES];
                for (tap, weight) in taps.iter().zip(weights) {
                    let Some(numbers) = planes[at * LANES + tap..].first_chunk::<LANES>() else { continue };
                    for (sum, number) in sum.iter_mut().zip(numbers) {
                        *sum += number * weight;
                    }
                }
                *sums = sum;
            }
            for row in sums.chunks_exact(plane_width).take(rows) {
                made.extend_from_slice(&row[..columns]);
            }
        }
        made
    }
}

/// Every `step`th number from the first on, as many as there is room for.
#[inline(always)]
fn copy_every(step: usize, from: &[f32], to: &mut [f32]) {
    match step {
        1 => {
            let count = from.len().min(to.len());
            to[..count].copy_from_slice(&from[..count]);
        }
        // The step in use: known to the compiler, it takes several numbers at a time.
        2 => {
            let (pairs, last) = from.as_chunks::<2>();
            let numbers = pairs.iter().map(|[number, _]| number).chain(last);
            to.iter_mut().zip(numbers).for_each(|(to, number)| *to = *number);
        }
        _ => to.iter_mut().zip(from.iter().step_by(step)).for_each(|(to, number)| *to = *number),
    }
}

#[cfg(test)]
mod tests {
    use rten_onnx::onnx::AttributeProto;

    use super::*;

    fn node(group: i64, sizes: &[(&str, &[i64])]) -> NodeProto {
        let group =
            AttributeProto { name: Some("group".to_owned()), i: Some(group), ..AttributeProto::default() };
        let sizes = sizes.iter().map(|(name, sizes)| AttributeProto {
            name: Some((*name).to_owned()),
            ints: sizes.to_vec(),
            ..AttributeProto::default()
        });
        NodeProto {
            op_type: Some("Conv".to_owned()),
            attribute: std::iter::once(group).chain(sizes).collect(),
            ..NodeProto::default()
        }
    }

    /// Numbers that look drawn, -1 to 1.
    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|at| ((at * 7919 + seed * 104_729 + at * at % 613) % 2003) as f32 / 1001.5 - 1.0)
            .collect()
    }

    /// As the definition says, in the order that rten adds up.
    fn by_definition(
        conv: &Depthwise,
        input: &[f32],
        [pictures, channels, height, width]: [usize; 4],
    ) -> Vec<f32> {
        let made = |axis: usize, side: usize| {
            (side + conv.pads[axis] + conv.pads[axis + 2] - conv.span(axis) - 1) / conv.strides[axis] + 1
        };
        let mut output = Vec::new();
        for channel in 0..pictures * channels {
            for (row, column) in
                (0..made(0, height)).flat_map(|row| (0..made(1, width)).map(move |column| (row, column)))
            {
                let kernel = channel % channels;
                let mut sum = conv.biases[kernel];
                for y in 0..conv.kernel[0] {
                    for x in 0..conv.kernel[1] {
                        let from = |at: usize, step: usize, axis: usize, side: usize| {
                            (at * conv.strides[axis] + step * conv.dilations[axis])
                                .checked_sub(conv.pads[axis])
                                .filter(|at| *at < side)
                        };
                        if let (Some(down), Some(across)) =
                            (from(row, y, 0, height), from(column, x, 1, width))
                        {
                            let weight = conv.weights[(kernel * conv.kernel[0] + y) * conv.kernel[1] + x];
                            sum += input[(channel * height + down) * width + across] * weight;
                        }
                    }
                }
                output.push(sum);
            }
        }
        output
    }

    #[test]
    fn gives_what_the_definition_gives_whatever_the_sizes() {
        let kernels: [[usize; 2]; 5] = [[3, 3], [5, 5], [1, 4], [7, 2], [1, 1]];
        let pads: [[i64; 4]; 4] = [[0; 4], [1; 4], [0, 1, 1, 2], [3, 0, 2, 5]];
        let mut compared = 0;
        for (at, [height, width]) in [[7, 7], [14, 13], [9, 40], [1, 2], [33, 5]].into_iter().enumerate() {
            for ([down, across], dilations) in
                [([1, 1], [1, 1]), ([2, 2], [1, 1]), ([1, 3], [1, 2]), ([3, 2], [2, 1]), ([5, 4], [3, 3])]
            {
                for (kernel, pads) in kernels.iter().flat_map(|kernel| pads.map(|pads| (kernel, pads))) {
                    let sizes: [(&str, &[i64]); 3] =
                        [("strides", &[down, across]), ("dilations", &dilations), ("pads", &pads)];
                    let [rows, columns] = *kernel;
                    let conv = Depthwise::new(
                        &node(3, &sizes),
                        &[3, 1, rows, columns],
                        numbers(3 * rows * columns, at),
                        Some(numbers(3, at + 1)),
                    )
                    .unwrap();
                    let shape = [2, 3, height, width];
                    let input = numbers(shape.iter().product(), at + 2);
                    let Some((made, [2, 3, rows, columns])) = conv.run(&input, shape) else {
                        // The kernel is larger than the picture with its borders.
                        assert!((0..2).any(|axis| {
                            [height, width][axis] + conv.pads[axis] + conv.pads[axis + 2] <= conv.span(axis)
                        }));
                        continue;
                    };
                    assert_eq!(made.len(), 6 * rows * columns);
                    assert_eq!(made, by_definition(&conv, &input, shape), "{kernel:?} {sizes:?} {shape:?}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 300, "{compared}");
    }

    #[test]
    fn what_is_no_depthwise_convolution_is_left_to_rten() {
        let new = |node: &NodeProto, shape: &[usize], weights: f32| {
            Depthwise::new(node, shape, vec![weights; shape.iter().product()], None)
        };
        assert!(new(&node(2, &[]), &[2, 1, 3, 3], 0.5).is_some());
        assert!(new(&node(2, &[]), &[2, 1, 3, 3], f32::INFINITY).is_none(), "a border times infinity");
        assert!(new(&node(2, &[]), &[4, 1, 3, 3], 0.5).is_none(), "two kernels a channel");
        assert!(new(&node(2, &[]), &[2, 2, 3, 3], 0.5).is_none(), "groups of two");
        assert!(new(&node(2, &[]), &[2, 1, 3], 0.5).is_none(), "one dimension");
        assert!(new(&node(2, &[("strides", &[0, 1])]), &[2, 1, 3, 3], 0.5).is_none(), "no step");
        assert!(new(&node(2, &[("strides", &[-1, 1])]), &[2, 1, 3, 3], 0.5).is_none(), "a step back");
        assert!(new(&node(2, &[("strides", &[1])]), &[2, 1, 3, 3], 0.5).is_none(), "one step of two");
        assert!(new(&node(2, &[("dilations", &[1, 40])]), &[2, 1, 3, 3], 0.5).is_none(), "far apart");
        assert!(new(&node(2, &[("pads", &[0, i64::MAX, 0, 0])]), &[2, 1, 3, 3], 0.5).is_none());
        let mut same = node(2, &[]);
        same.attribute.push(AttributeProto {
            name: Some("auto_pad".to_owned()),
            s: Some("SAME_UPPER".to_owned()),
            ..AttributeProto::default()
        });
        assert!(new(&same, &[2, 1, 3, 3], 0.5).is_none(), "borders that depend on the picture");
        let conv = new(&node(2, &[]), &[2, 1, 3, 3], 0.5).unwrap();
        assert!(conv.run(&[0.0; 27], [1, 3, 3, 3]).is_none(), "three channels");
        assert!(conv.run(&[], [1, 2, 0, 3]).is_none(), "no picture");
    }
}
