//! What an invisible watermark can say.

use serde::{Deserialize, Serialize};

/// A watermark that was read from the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Watermark {
    /// Which of the known messages it is.
    pub message: WatermarkMessage,
    /// How many of the message's bits were read as they should be.
    pub matching_bits: u32,
}

impl Watermark {
    /// A message of which so many bits were read.
    pub fn new(message: WatermarkMessage, matching_bits: u32) -> Self {
        Self { message, matching_bits: matching_bits.min(message.bits()) }
    }

    /// Whether that is enough to be no accident.
    pub fn is_found(&self) -> bool {
        self.matching_bits >= self.message.least_matching_bits()
    }
}

/// The messages that public code embeds by the method `dwtDct` of PyPI invisible-watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum WatermarkMessage {
    /// The text `StableDiffusionV1`: CompVis/stable-diffusion, `scripts/txt2img.py`, and what was made from it.
    StableDiffusion1,
    /// The text `SDV2`: Stability-AI/stablediffusion, `scripts/txt2img.py`.
    StableDiffusion2,
    /// 48 bits chosen at random: Stability-AI/generative-models, and the SDXL pipelines of huggingface/diffusers
    /// wherever invisible-watermark is installed.
    StableDiffusionXl,
    /// 46 bits chosen at random: black-forest-labs/flux and flux2. Their source spells 48, but makes the list by Python's
    /// `bin`, which drops the two zeros in front.
    Flux,
    /// The text `InvokeAI`, which the node *Add Invisible Watermark* of invoke-ai/InvokeAI writes unless it is changed.
    InvokeAi,
}

impl WatermarkMessage {
    /// All messages.
    pub const ALL: [Self; 5] =
        [Self::StableDiffusion1, Self::StableDiffusion2, Self::StableDiffusionXl, Self::Flux, Self::InvokeAi];

    /// The stable code, as records carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::StableDiffusion1 => "stable_diffusion_1",
            Self::StableDiffusion2 => "stable_diffusion_2",
            Self::StableDiffusionXl => "stable_diffusion_xl",
            Self::Flux => "flux",
            Self::InvokeAi => "invokeai",
        }
    }

    /// What writes it, as it calls itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StableDiffusion1 => "Stable Diffusion 1",
            Self::StableDiffusion2 => "Stable Diffusion 2",
            Self::StableDiffusionXl => "Stable Diffusion XL",
            Self::Flux => "FLUX",
            Self::InvokeAi => "InvokeAI",
        }
    }

    /// How many bits it has.
    pub const fn bits(self) -> u32 {
        match self {
            Self::StableDiffusion1 => 136,
            Self::StableDiffusion2 => 32,
            Self::StableDiffusionXl => 48,
            Self::Flux => 46,
            Self::InvokeAi => 64,
        }
    }

    /// How many of them have to be read right for the message to be there: of bits drawn by chance as many are in fewer
    /// than 1 of 10^7 readings (binomial, 1/2). `docs/watermarks.md` has the most that photographs gave.
    pub const fn least_matching_bits(self) -> u32 {
        match self {
            Self::StableDiffusion1 => 99,
            Self::StableDiffusion2 => 31,
            Self::StableDiffusionXl => 42,
            Self::Flux => 41,
            Self::InvokeAi => 53,
        }
    }

    /// Bit number `index`; the first is that which is embedded first.
    pub(crate) fn bit(self, index: usize) -> bool {
        let of_text = |text: &[u8]| text.get(index / 8).is_some_and(|byte| byte >> (7 - index % 8) & 1 == 1);
        let of_number = |number: u64| {
            (self.bits() as usize).checked_sub(index + 1).is_some_and(|shift| number >> shift & 1 == 1)
        };
        match self {
            Self::StableDiffusion1 => of_text(b"StableDiffusionV1"),
            Self::StableDiffusion2 => of_text(b"SDV2"),
            Self::StableDiffusionXl => {
                of_number(0b1011_0011_1110_1100_1001_0000_0111_1011_1011_0001_1001_1110)
            }
            Self::Flux => of_number(0b10_1010_1111_1110_1000_0111_1001_1100_1111_0101_0010_1110),
            Self::InvokeAi => of_text(b"InvokeAI"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The threshold is the lowest that keeps to 1 in 10^7.
    #[test]
    fn chance_reaches_a_threshold_in_fewer_than_one_of_ten_million_pictures() {
        for message in WatermarkMessage::ALL {
            let (bits, least) = (message.bits(), message.least_matching_bits());
            let mut ways = 1.0;
            let mut tail = 0.0;
            let mut tails = Vec::new();
            for wrong in 0..=bits - least + 1 {
                tail += ways;
                ways *= f64::from(bits - wrong) / f64::from(wrong + 1);
                tails.push(tail / 2f64.powi(bits as i32));
            }
            let [.., at_threshold, below] = tails[..] else { panic!("{message:?}") };
            assert!(at_threshold < 1e-7 && below >= 1e-7, "{message:?}: {at_threshold:e} {below:e}");
        }
    }

    #[test]
    fn messages_are_told_apart() {
        for (at, message) in WatermarkMessage::ALL.into_iter().enumerate() {
            assert_eq!(
                WatermarkMessage::ALL.iter().position(|other| other.code() == message.code()),
                Some(at)
            );
            let bits: Vec<bool> = (0..message.bits() as usize).map(|index| message.bit(index)).collect();
            // What reads alike everywhere is far from every message.
            for constant in [false, true] {
                let matching = bits.iter().filter(|bit| **bit == constant).count() as u32;
                assert!(!Watermark::new(message, matching).is_found(), "{message:?}");
            }
            assert!(!message.bit(message.bits() as usize), "no bit behind the last");
        }
        let flux: String = (0..46).map(|at| if WatermarkMessage::Flux.bit(at) { '1' } else { '0' }).collect();
        assert_eq!(flux, "1010101111111010000111100111001111010100101110");
    }
}
