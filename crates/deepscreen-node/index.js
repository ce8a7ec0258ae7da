'use strict';

const { input } = require('./lib/input.js');
const { records } = require('./lib/many.js');
const native = require('./lib/native.js');
const { hashSettings, language, settings } = require('./lib/options.js');
const { wrongType } = require('./lib/refusal.js');

class Screening {
  #line;

  constructor(line) {
    this.#line = line;
    Object.assign(this, JSON.parse(line));
  }

  toLine() {
    return this.#line;
  }
}

class Screener {
  // What screens now. It never changes, so that what has begun with one goes on with it.
  #native;
  #reloads = Promise.resolve();

  constructor(options) {
    this.#native = options instanceof native.Screener ? options : new native.Screener(settings(options));
  }

  static async create(options) {
    return new Screener(await native.loadScreener(settings(options)));
  }

  reload() {
    // One after another: of two at a time, the one that read first could end last.
    const reload = this.#reloads.then(async () => {
      this.#native = await this.#native.reloaded();
    });
    this.#reloads = reload.catch(() => {});
    return reload;
  }

  get threads() {
    return this.#native.threads;
  }

  async screen(picture, options) {
    const [line] = await this.#native.screen([input(picture)], language(options));
    return new Screening(line);
  }

  screenMany(pictures, options) {
    // A path and a picture's bytes are iterable too, and never meant to be.
    const iterable = typeof pictures === 'object' && pictures !== null && !ArrayBuffer.isView(pictures);
    if (!iterable || !(Symbol.iterator in pictures || Symbol.asyncIterator in pictures)) {
      throw wrongType('inputs', 'an iterable or async iterable of inputs', pictures);
    }
    return screenings(records(this.#native, pictures, language(options)));
  }
}

async function* screenings(lines) {
  for await (const line of lines) yield new Screening(line);
}

async function hash(picture, options) {
  return JSON.parse(await native.hash(input(picture), hashSettings(options)));
}

module.exports = { Screener, Screening, hash, version: native.version() };
