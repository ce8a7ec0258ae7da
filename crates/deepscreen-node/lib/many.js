'use strict';

const { input } = require('./input.js');

/** Inputs between being asked for and being given out, for each thread: as many as the core has itself. */
const IN_FLIGHT_PER_THREAD = 32;

/**
 * The records of any number of inputs, in order, within memory that does not grow with their number.
 *
 * Asks for inputs ahead of what is taken, and gives a thread a batch of them, as detectors are faster with more than
 * one. A thread never waits for an input that is slow to come: it gets what there is.
 */
async function* records(screener, inputs, language) {
  const { threads, batchSize } = screener;
  const most = threads * Math.max(IN_FLIGHT_PER_THREAD, 2 * batchSize);
  const waiting = []; // inputs that no thread was given yet
  const given = []; // a promise for every input that a thread was given, the next to give out first
  let batches = 0;
  let ended = false;
  let stopped = false;
  let failure;
  let more = () => {};
  let room = () => {};

  function handOut() {
    // Two batches a thread, so that none waits for this thread, and few are left where nobody wants them any more.
    while (waiting.length > 0 && batches < 2 * threads && !stopped) {
      if (batches >= threads && waiting.length < threads * batchSize && !ended) return;
      const size = Math.min(Math.ceil(waiting.length / threads), batchSize);
      const batch = screener.screen(waiting.splice(0, size), language);
      batches += 1;
      batch.then(() => {
        batches -= 1;
        handOut();
      });
      for (let i = 0; i < size; i += 1) given.push(batch.then((lines) => lines[i]));
    }
  }

  let asking = true;
  async function askForInputs() {
    try {
      for await (const value of inputs) {
        asking = false;
        if (stopped) return;
        waiting.push(input(value));
        handOut();
        more();
        while (waiting.length + given.length >= most && !stopped) {
          await new Promise((resolve) => {
            room = resolve;
          });
        }
        if (stopped) return;
        asking = true;
      }
    } catch (error) {
      failure = { error };
    } finally {
      asking = false;
      ended = true;
      handOut();
      more();
    }
  }

  const asked = askForInputs();
  try {
    for (;;) {
      if (given.length > 0) {
        const line = await given[0];
        given.shift();
        room();
        yield line;
      } else if (ended && waiting.length === 0) {
        break;
      } else {
        await new Promise((resolve) => {
          more = resolve;
        });
      }
    }
    if (failure) throw failure.error;
  } finally {
    stopped = true;
    room();
    // The source closes what it opened. One that is still making up its next input is not waited for.
    if (!asking) await asked;
  }
}

module.exports = { records };
