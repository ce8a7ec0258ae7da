/*
 * deepscreen: screens images for AI generation and manipulation.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Made from crates/deepscreen-c/src by cbindgen; not written by hand. */

#ifndef DEEPSCREEN_H
#define DEEPSCREEN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Every call that can fail returns a deepscreen_status; deepscreen_last_error_message() has the sentence.
 *
 * A picture that cannot be read is no failed call: it gets a record, and the record says what is wrong with it.
 *
 * What is handed out is a handle: a number, never an address. A handle that was freed, that belongs to something else
 * or that never was one gives DEEPSCREEN_INVALID_HANDLE. 0 is never a handle, and freeing it does nothing.
 *
 * Strings end with a zero. An array has as many elements as its length says. A pointer to a result can be written to;
 * where the call fails, the result is 0. Null where nothing else is said gives DEEPSCREEN_NULL_ARGUMENT. Nobody may
 * change or free what is handed over before the call returns.
 *
 * Every function may be called on any thread at any time. A thread needs some 8 MiB of stack, as Linux gives it:
 * decoders run on it.
 *
 * Records and hashes are JSON in UTF-8. A record is described by the JSON Schema deepscreen-1.json of the library
 * `deepscreen`; its fields are only ever added to.
 *
 * After fork(), the child may not go on using what the parent made: the threads are missing there. */

/**
 * Rises when a function or a type changes so that a program must be compiled again. What is only added does not raise
 * it. A program can compare it with deepscreen_abi_version().
 */
#define DEEPSCREEN_ABI_VERSION 1

/**
 * What a call came to. Numbers and names never change; new ones may come.
 */
typedef enum {
  /**
   * Done.
   */
  DEEPSCREEN_OK = 0,
  /**
   * The stream has come to its end.
   */
  DEEPSCREEN_END = 1,
  /**
   * A pointer is null that must not be.
   */
  DEEPSCREEN_NULL_ARGUMENT = 10,
  /**
   * The handle was freed, is one of something else, or never was one.
   */
  DEEPSCREEN_INVALID_HANDLE = 11,
  /**
   * A string is not UTF-8.
   */
  DEEPSCREEN_NOT_UTF8 = 12,
  /**
   * A length, a size or a stride cannot be, or does not fit the others.
   */
  DEEPSCREEN_WRONG_LENGTH = 13,
  /**
   * An error that has no number of its own yet.
   */
  DEEPSCREEN_OTHER_ERROR = 99,
  /**
   * The file could not be opened or read.
   */
  DEEPSCREEN_UNREADABLE = 100,
  /**
   * The input has no bytes.
   */
  DEEPSCREEN_EMPTY = 101,
  /**
   * The bytes are of something else than a picture: text, an archive, a document.
   */
  DEEPSCREEN_NOT_AN_IMAGE = 102,
  /**
   * The picture contradicts its format.
   */
  DEEPSCREEN_MALFORMED = 103,
  /**
   * The picture ends before it should.
   */
  DEEPSCREEN_TRUNCATED = 104,
  /**
   * The picture is in a format, or a variant of one, that this build does not decode.
   */
  DEEPSCREEN_UNSUPPORTED = 105,
  /**
   * The input is beyond a limit.
   */
  DEEPSCREEN_TOO_LARGE = 106,
  /**
   * The work took longer than it may.
   */
  DEEPSCREEN_TIMEOUT = 107,
  /**
   * The library met a fault of its own; the call had no effect.
   */
  DEEPSCREEN_PANIC = 108,
  /**
   * An analyzer does not apply to this picture.
   */
  DEEPSCREEN_NOT_APPLICABLE = 109,
  /**
   * A model, or the contract that describes it, cannot be used.
   */
  DEEPSCREEN_INVALID_MODEL = 110,
  /**
   * The bytes of a model are not those that its contract names.
   */
  DEEPSCREEN_MODEL_CHECKSUM = 111,
  /**
   * A model's inputs or outputs are not those that its contract names.
   */
  DEEPSCREEN_MODEL_SHAPE = 112,
  /**
   * The engine that was asked for cannot be loaded.
   */
  DEEPSCREEN_ENGINE_UNAVAILABLE = 113,
  /**
   * The engine failed while a model ran.
   */
  DEEPSCREEN_INFERENCE = 114,
  /**
   * The settings, a policy or an option are wrong.
   */
  DEEPSCREEN_INVALID_CONFIG = 115,
  /**
   * A bank of known pictures cannot be used.
   */
  DEEPSCREEN_INVALID_BANK = 116,
} deepscreen_status;

/**
 * A screener: models, banks, limits and a policy, loaded once. One serves all threads.
 */
typedef uint64_t deepscreen_screener;

/**
 * A text that the library made: a record, or hashes.
 */
typedef uint64_t deepscreen_text;

/**
 * The records of many files, one after the other.
 */
typedef uint64_t deepscreen_stream;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library, such as "0.1.0".
 */
const char *deepscreen_version(void);

/**
 * DEEPSCREEN_ABI_VERSION of the library that runs.
 */
uint32_t deepscreen_abi_version(void);

/**
 * The name of a status: "too_large", or "unknown" of a number that is none. Of errors it is the code that records
 * carry.
 */
const char *deepscreen_status_name(int32_t status);

/**
 * What the last call that failed on this thread returned, or should have; DEEPSCREEN_OK where none has.
 */
deepscreen_status deepscreen_last_error(void);

/**
 * Why the last call that failed on this thread did, in English, for a person; empty where none has. Good until the
 * next call that fails on this thread.
 */
const char *deepscreen_last_error_message(void);

/**
 * How many handles there are that nobody freed: for a program that wants to know whether it forgets some.
 */
size_t deepscreen_handle_count(void);

/**
 * Loads what pictures are screened with. To be freed with deepscreen_screener_free().
 *
 * `settings` is a JSON object, or null for the defaults; what it may hold is in the README. Errors: those of the
 * settings (DEEPSCREEN_INVALID_CONFIG, which names the field), of models, of engines and of banks.
 */
deepscreen_status deepscreen_screener_new(const char *settings,
                                          deepscreen_screener *screener);

/**
 * The same screener, whose records have their sentences in another language: "en" or "vi". Nothing is loaded again.
 * To be freed with deepscreen_screener_free(), as the first one, in any order.
 */
deepscreen_status deepscreen_screener_in_language(deepscreen_screener screener,
                                                  const char *language,
                                                  deepscreen_screener *translated);

/**
 * Reads the banks of a screener again, as they are now: one that has grown, or was replaced by a newer file. The same
 * screener in another language has them too.
 *
 * Other threads may go on screening: calls and streams that have begun end with the banks that they began with. Errors:
 * those of opening a bank (DEEPSCREEN_UNREADABLE, DEEPSCREEN_INVALID_BANK), after which the screener goes on with the
 * banks that it has.
 */
deepscreen_status deepscreen_screener_reload(deepscreen_screener screener);

/**
 * Gives a screener back. Calls and streams that still use it end as they would.
 */
deepscreen_status deepscreen_screener_free(deepscreen_screener screener);

/**
 * Screens a file on the calling thread. `record` is to be freed with deepscreen_text_free().
 *
 * A file that is missing, unreadable or no picture gets a record too; its `failures` say why.
 */
deepscreen_status deepscreen_screen_path(deepscreen_screener screener,
                                         const char *path,
                                         deepscreen_text *record);

/**
 * Screens the bytes of a file on the calling thread. `record` is to be freed with deepscreen_text_free().
 *
 * Bytes of no picture get a record too; its `failures` say why. So do no bytes at all, for which `bytes` may be null.
 */
deepscreen_status deepscreen_screen_bytes(deepscreen_screener screener,
                                          const void *bytes,
                                          size_t length,
                                          deepscreen_text *record);

/**
 * Screens a picture that is decoded already, on the calling thread. `record` is to be freed with
 * deepscreen_text_free().
 *
 * `rgb` has three bytes a pixel (red, green, blue; sRGB), `width` pixels a row, a row every `stride` bytes from the
 * top, `height` rows: `length` bytes altogether, with or without what follows the last row. Anything else gives
 * DEEPSCREEN_WRONG_LENGTH.
 */
deepscreen_status deepscreen_screen_pixels(deepscreen_screener screener,
                                           const uint8_t *rgb,
                                           size_t length,
                                           uint32_t width,
                                           uint32_t height,
                                           size_t stride,
                                           deepscreen_text *record);

/**
 * Begins to screen files on the screener's threads. To be freed with deepscreen_stream_free(), at any time.
 *
 * Of a folder, every file below it is screened, in byte order of the paths. The strings are copied. Work begins with
 * the first deepscreen_stream_next() and stays some dozens of files a thread ahead of it, so that memory does not grow
 * with their number.
 */
deepscreen_status deepscreen_stream_new(deepscreen_screener screener,
                                        const char *const *paths,
                                        size_t count,
                                        deepscreen_stream *stream);

/**
 * Waits for the record of the next file, in the order of the files; `record` is to be freed with
 * deepscreen_text_free(). After the last one the call returns DEEPSCREEN_END, and `record` is 0.
 */
deepscreen_status deepscreen_stream_next(deepscreen_stream stream, deepscreen_text *record);

/**
 * Gives a stream back, also in the middle: files that nobody has begun with are left.
 */
deepscreen_status deepscreen_stream_free(deepscreen_stream stream);

/**
 * Hashes a file as a record has it under `hashes`: PDQ with its quality, pHash, dHash, aHash. No screener is needed;
 * the default limits hold. `hashes` is to be freed with deepscreen_text_free().
 *
 * There is no record here, so a bad picture is an error: DEEPSCREEN_TRUNCATED and the like.
 */
deepscreen_status deepscreen_hash_path(const char *path,
                                       deepscreen_text *hashes);

/**
 * Hashes the bytes of a file, as deepscreen_hash_path() does.
 */
deepscreen_status deepscreen_hash_bytes(const void *bytes, size_t length, deepscreen_text *hashes);

/**
 * Hashes a picture that is decoded already, handed over as for deepscreen_screen_pixels().
 */
deepscreen_status deepscreen_hash_pixels(const uint8_t *rgb,
                                         size_t length,
                                         uint32_t width,
                                         uint32_t height,
                                         size_t stride,
                                         deepscreen_text *hashes);

/**
 * The characters of a text: UTF-8, with a zero behind the last. Good until the text is freed; null where `text` is no
 * handle of one.
 */
const char *deepscreen_text_data(deepscreen_text text);

/**
 * How many bytes a text has without the zero; 0 where `text` is no handle of one.
 */
size_t deepscreen_text_length(deepscreen_text text);

/**
 * Gives a text back, and with it what deepscreen_text_data() gave.
 */
deepscreen_status deepscreen_text_free(deepscreen_text text);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DEEPSCREEN_H */
