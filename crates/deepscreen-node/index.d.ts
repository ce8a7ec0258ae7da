/**
 * Screens images for AI generation and manipulation.
 *
 * @packageDocumentation
 */

/** The version of this library. */
export const version: string;

/** A picture: the path of a file, the bytes of one, or decoded pixels. Bytes and pixels are copied at once. */
export type Input = string | URL | Uint8Array | ArrayBuffer | SharedArrayBuffer | Pixels;

/**
 * Decoded pixels, 8-bit sRGB: what `sharp(..).flatten({ background: 'white' }).toColourspace('srgb').raw()` gives,
 * as `{ data, ...info }`.
 */
export interface Pixels {
  /** Red, green and blue of each pixel, rows from the top, no padding: `width * height * 3` bytes. */
  data: Uint8Array | Uint8ClampedArray | ArrayBuffer | SharedArrayBuffer;
  /** Pixels from left to right. */
  width: number;
  /** Pixels from top to bottom. */
  height: number;
  channels: 3;
}

/** What a screener is made of; every value has a default. */
export interface ScreenerOptions {
  /**
   * Models: `ai-image`, which travels inside, or folders of a model (a contract `model.toml`, or a Hugging Face export).
   * Default: `['ai-image']`. With `[]`, pictures are hashed alone.
   */
  models?: readonly (string | URL)[];
  /** A network that finds faces, for models that look at faces. */
  faces?: string | URL;
  /** How many variants of each picture (re-encoded, resized) to look at too, at most 8. Default: 0. */
  stability?: number;
  /** A policy, as TOML, in place of the default one. */
  policy?: string;
  /** The share of photographs that may be flagged by mistake, above 0 and at most 1, in place of the policy's. */
  maxFpr?: number;
  /** Whether to look for what its makers left in a picture: metadata, Content Credentials, watermarks. Default: true. */
  provenance?: boolean;
  /** Certificates (PEM) of authorities whose Content Credentials are trusted. Default: none. */
  trustAnchors?: string;
  /**
   * Banks of known fakes and verified originals: files that `deepscreen bank create` and `add` make, whose names must
   * differ. Default: none. {@link Screener.reload} reads them again.
   */
  banks?: readonly (string | URL)[];
  /** Whether banks find pictures that were turned or mirrored, too. Default: false. */
  bankTransforms?: boolean;
  /** How many threads screen; 0, the default, means one a core. */
  threads?: number;
  /** What runs the models. Default: `auto`, which is ONNX Runtime where it is found. */
  engine?: 'auto' | 'onnxruntime' | 'rten';
  /** The ONNX Runtime library to load, instead of looking for one. */
  onnxruntime?: string | URL;
  /** What ONNX Runtime computes on. Default: `cpu`. */
  provider?: 'cpu' | 'cuda' | 'coreml' | 'directml';
  /** What one input may cost. */
  limits?: Limits;
}

/** What one input may cost; what goes beyond is a failure with the code `too_large`. */
export interface Limits {
  /** Bytes of the file. Default: 256 MiB. */
  maxBytes?: number;
  /** Pixels of the decoded picture, width times height. Default: 100 million. */
  maxPixels?: number;
  /** Width or height in pixels. Default: 65,535. */
  maxSide?: number;
  /** Bytes that decoding one picture may take. Default: 1 GiB. */
  maxDecoderBytes?: number;
  /** Bytes of Content Credentials. Default: 32 MiB. */
  maxManifestBytes?: number;
  /** How long reading Content Credentials may take. Default: 10. */
  maxManifestSeconds?: number;
  /** How long one input may take, but for the work on a whole batch. A decoder that hangs keeps its thread. Default: 120. */
  maxSeconds?: number;
  /** Bytes of metadata; what is beyond is left out. Default: 16 MiB. */
  maxMetadataBytes?: number;
}

/** How a screening is to be told. */
export interface TellOptions {
  /** The language of sentences; codes are the same in all. Default: `en`. */
  language?: 'en' | 'vi';
}

/**
 * What went wrong: what a wrong option or a model that cannot be loaded throws, and what {@link hash} is rejected with.
 * An argument of a wrong type is a `TypeError`.
 */
export interface DeepscreenError extends Error {
  code: FailureCode;
}

/** Screens pictures; one serves a whole program. */
export class Screener {
  /**
   * Loads the models without blocking, which takes tenths of a second.
   *
   * @throws {DeepscreenError} `invalid_config` for a wrong option, `unreadable` or `invalid_model` for a model,
   * `unreadable` or `invalid_bank` for a bank, `engine_unavailable`
   */
  static create(options?: ScreenerOptions): Promise<Screener>;

  /** Loads the models on the calling thread; fails as {@link Screener.create} does. */
  constructor(options?: ScreenerOptions);

  /**
   * Reads the banks again without blocking, as they are then: one that has grown, or was replaced by a newer file. Models
   * are not loaded again.
   *
   * Calls of {@link screen} and {@link screenMany} that were made before the promise is fulfilled end with the banks that
   * they began with. Where a bank cannot be read, the screener goes on with those that it has.
   *
   * @throws {DeepscreenError} `unreadable` or `invalid_bank`, naming the file
   */
  reload(): Promise<void>;

  /** How many threads screen. They are the screener's own: Node's four stay free for files. */
  readonly threads: number;

  /**
   * Screens one picture. Whatever its bytes are, the promise is fulfilled: what failed is in the screening.
   *
   * Bytes are kept until a thread is free; of many pictures, {@link screenMany} holds a bounded number.
   */
  screen(input: Input, options?: TellOptions): Promise<Screening>;

  /**
   * Screens any number of pictures, on all threads: gives a screening for each, in their order, within memory that
   * does not grow with their number.
   *
   * Asks for some dozens of inputs ahead, and for no more while nobody takes screenings. Leaving the loop stops it and
   * closes the iterable. What the iterable throws is thrown after the screenings of the inputs before.
   */
  screenMany(
    inputs: Iterable<Input | Promise<Input>> | AsyncIterable<Input>,
    options?: TellOptions,
  ): AsyncGenerator<Screening, void, undefined>;
}

/**
 * The perceptual hashes of one picture, computed on a thread of Node's.
 *
 * @throws {DeepscreenError} where it cannot be read or decoded: `unreadable`, `not_an_image`, `truncated` ..
 */
export function hash(input: Input, options?: { limits?: Limits }): Promise<Hashes>;

/** A {@link ScreeningRecord}, and the text that it was read from. */
export interface Screening extends ScreeningRecord {}
export class Screening {
  private constructor();

  /** The record as one line of JSON, byte for byte as the core writes it, without a line end. */
  toLine(): string;
}

/**
 * The record of one screened input, version 1, under the names of its JSON Schema (`deepscreen/deepscreen-1.json`).
 * Within a version, fields are only ever added.
 */
export interface ScreeningRecord {
  schema: 'deepscreen/1';
  input: {
    /** As it was given. Absent for what came from memory. */
    path?: string;
    bytes: number;
    /** 64 hexadecimal digits; absent where the bytes were not read. */
    sha256?: string;
    /** Sniffed from the bytes; absent for what is no picture. */
    format?: string;
    /** Pixels after EXIF orientation; absent where nothing was decoded. */
    width?: number;
    height?: number;
  };
  /** Absent where nothing was decoded. */
  hashes?: Hashes;
  verdict: Verdict;
  /** What each source found. */
  evidence: Evidence[];
  /** What went wrong or did not apply. */
  failures: Failure[];
  replay: Replay;
  /** In a batch, the picture's share. */
  elapsed_ms: number;
}

/** Hashes that change little when a picture is scaled or compressed again. */
export interface Hashes {
  /** 64 hexadecimal digits, and how much detail the picture has, 0 to 100: below 50 a hash means little. */
  pdq: { hash: string; quality: number };
  /** 16 hexadecimal digits each. */
  phash: string;
  dhash: string;
  ahash: string;
}

/** `no_indication` means that nothing was found, not that the picture is real; `inconclusive`, that it could not be judged. */
export type Label = 'likely_manipulated' | 'needs_review' | 'no_indication' | 'inconclusive';

/** What was found, as far as it is known. */
export type Kind = 'ai_generated' | 'ai_edited' | 'face_swap' | 'edited' | 'known_fake';

export interface Verdict {
  label: Label;
  kinds: Kind[];
  /** P(AI-generated or manipulated), 0 to 1; `null` where nothing gave one. */
  probability: number | null;
  reasons: Reason[];
}

export interface Reason {
  /** Never changes: `detector.ai_image`. */
  code: string;
  source: string;
  strength: 'decisive' | 'strong' | 'weak';
  /** For a person, in the language that was asked for. */
  message: string;
}

/**
 * What one source found: a {@link ScoreEvidence}, a {@link MatchEvidence}, a {@link MediaEvidence}, or of a kind that is
 * yet to come.
 */
export type Evidence = ScoreEvidence | MatchEvidence | MediaEvidence | OtherEvidence;

/** A model's score. */
export interface ScoreEvidence {
  source: string;
  kind: 'score';
  probability: number;
  /** What a high score means. */
  detects: string;
  model_sha256: string;
  /** With a model of faces: which face. */
  face?: Peak;
  /** The probability of each of the model's classes. */
  classes?: Record<string, number>;
  /** The probability of the picture re-encoded, resized or cropped, by what was done to it. */
  variants?: Record<string, number>;
  /** Where in the picture, for a model that says so. */
  map?: { columns: number; rows: number; area: Region; regions: Peak[] };
}

/** An entry of a bank that fits the picture. */
export interface MatchEvidence {
  /** `bank/` and the name of the bank. */
  source: string;
  kind: 'match';
  label: 'known_fake' | 'verified_original' | 'ignore';
  /** The same file, or what looks like the bank's picture. */
  hash: 'sha256' | 'pdq';
  /** With `pdq`: in how many of 256 bits the hashes differ. */
  distance?: number;
  /** With `pdq`: what was done to the bank's picture to give this one; absent where nothing was. */
  transform?: 'mirrored' | 'turned_180' | 'flipped' | 'transposed' | 'turned_90' | 'transversed' | 'turned_270';
  /** The number of the entry in its bank. */
  entry: string;
  /** Of the entry: mostly that of a file. */
  name?: string;
  /** Who says so. */
  origin?: string;
  /** Where to read more: a debunk, or the original. */
  link?: string;
  note?: string;
}

/** How the pixels came to be: `first_frame`, `embedded_preview`, `profile_ignored`. */
export interface MediaEvidence {
  source: string;
  kind: 'media';
  notes: string[];
  frames?: number;
}

export interface OtherEvidence {
  source: string;
  kind: string & {};
}

/** In pixels of the picture. */
export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Peak extends Region {
  probability: number;
}

export interface Failure {
  /** `media`, or an analyzer. */
  source: string;
  code: FailureCode;
  message: string;
}

/** What can go wrong; these codes never change. */
export type FailureCode =
  | 'not_an_image'
  | 'empty'
  | 'malformed'
  | 'truncated'
  | 'unsupported'
  | 'too_large'
  | 'unreadable'
  | 'timeout'
  | 'panic'
  | 'not_applicable'
  | 'invalid_model'
  | 'model_checksum'
  | 'model_shape'
  | 'engine_unavailable'
  | 'inference'
  | 'invalid_bank'
  | 'invalid_config';

/** What, beside the input, the verdict depends on: the same input and the same replay give the same verdict. */
export interface Replay {
  deepscreen: string;
  engine: string;
  policy: string;
  models: Record<string, string>;
  /** SHA-256 of each list that findings depend on, by its name: `trust_anchors`, `bank/NAME`. Absent without any. */
  lists?: Record<string, string>;
}
