// What the types promise; `tsc` checks it, nothing runs it.

import { readFileSync } from 'node:fs';
import { Screener, Screening, type DeepscreenError, type Hashes, type ScreeningRecord, hash, version } from 'deepscreen';

async function* read(paths: string[]) {
  for (const path of paths) yield readFileSync(path);
}

export async function everything(): Promise<ScreeningRecord[]> {
  const screener = await Screener.create({ models: ['ai-image', new URL('file:///m')], maxFpr: 0.05, limits: { maxBytes: 1 } });
  const screening: Screening = await screener.screen('a.jpg', { language: 'vi' });
  const line: string = screening.toLine();
  const probability: number | null = screening.verdict.probability;
  for (const evidence of screening.evidence) {
    if (evidence.kind === 'match' && 'entry' in evidence) evidence.entry.padStart(evidence.distance ?? 0);
    if (evidence.kind === 'score' && 'probability' in evidence) evidence.probability.toFixed(line.length);
  }
  const records: ScreeningRecord[] = [screening, JSON.parse(line)];
  for (const inputs of [['a.jpg'], new Set([readFileSync('a.jpg')]), read(['a.jpg'])]) {
    for await (const one of screener.screenMany(inputs)) records.push(one);
  }
  const banks: Screener = await Screener.create({ banks: ['a.bank', new URL('file:///b.bank')], bankTransforms: true });
  await banks.reload();
  const hashes: Hashes = await hash({ data: new Uint8Array(3), width: 1, height: 1, channels: 3 });
  try {
    new Screener({ threads: hashes.pdq.quality });
  } catch (error) {
    if ((error as DeepscreenError).code === 'invalid_config') console.log(version, probability);
  }
  // @ts-expect-error a path, bytes or pixels
  await screener.screen(7);
  // @ts-expect-error three channels
  await hash({ data: new Uint8Array(4), width: 1, height: 1, channels: 4 });
  // @ts-expect-error under its name in JavaScript
  await Screener.create({ max_fpr: 0.05 });
  // @ts-expect-error one of two languages
  await screener.screen('a.jpg', { language: 'fr' });
  // @ts-expect-error screenings are made by a screener
  new Screening(line);
  return records;
}
