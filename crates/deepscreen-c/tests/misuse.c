/* What C programs do wrong must be an error with a message: run under AddressSanitizer.
 *
 *   ./misuse FILE */
#include <deepscreen.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(condition)                                                                                      \
    do {                                                                                                       \
        if (!(condition)) {                                                                                    \
            fprintf(stderr, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #condition,                        \
                    deepscreen_last_error_message());                                                          \
            exit(1);                                                                                           \
        }                                                                                                      \
    } while (0)

/* The call fails as it should, sets the result to 0 and leaves a message. */
#define REFUSED(expected, result, call)                                                                        \
    do {                                                                                                       \
        (result) = 12345;                                                                                      \
        EXPECT((call) == (expected));                                                                          \
        EXPECT((result) == 0);                                                                                 \
        EXPECT(deepscreen_last_error() == (expected));                                                         \
        EXPECT(strlen(deepscreen_last_error_message()) > 0);                                                   \
    } while (0)

static const char *file;

static void null_and_wrong_lengths(deepscreen_screener screener) {
    uint64_t out;
    /* On the heap, so that a byte read beyond the end is found. */
    uint8_t *rgb = calloc(12, 1);
    char *latin = strdup("\xe9");
    const char *paths[2] = {file, NULL};
    REFUSED(DEEPSCREEN_NOT_UTF8, out, deepscreen_screener_new(latin, &out));
    REFUSED(DEEPSCREEN_INVALID_CONFIG, out, deepscreen_screener_new("{\"model\": 1}", &out));
    REFUSED(DEEPSCREEN_NULL_ARGUMENT, out, deepscreen_screener_in_language(screener, NULL, &out));
    REFUSED(DEEPSCREEN_INVALID_CONFIG, out, deepscreen_screener_in_language(screener, "fr", &out));
    REFUSED(DEEPSCREEN_NULL_ARGUMENT, out, deepscreen_screen_path(screener, NULL, &out));
    REFUSED(DEEPSCREEN_NULL_ARGUMENT, out, deepscreen_screen_bytes(screener, NULL, 1, &out));
    REFUSED(DEEPSCREEN_WRONG_LENGTH, out, deepscreen_screen_bytes(screener, rgb, SIZE_MAX, &out));
    REFUSED(DEEPSCREEN_NULL_ARGUMENT, out, deepscreen_screen_pixels(screener, NULL, 12, 2, 2, 6, &out));
    REFUSED(DEEPSCREEN_WRONG_LENGTH, out, deepscreen_screen_pixels(screener, rgb, 11, 2, 2, 6, &out));
    REFUSED(DEEPSCREEN_WRONG_LENGTH, out, deepscreen_screen_pixels(screener, rgb, 12, 2, 2, 5, &out));
    REFUSED(DEEPSCREEN_WRONG_LENGTH, out, deepscreen_screen_pixels(screener, rgb, 12, 0, 2, 6, &out));
    REFUSED(DEEPSCREEN_WRONG_LENGTH, out,
            deepscreen_screen_pixels(screener, rgb, SIZE_MAX, UINT32_MAX, UINT32_MAX, SIZE_MAX, &out));
    REFUSED(DEEPSCREEN_NULL_ARGUMENT, out, deepscreen_stream_new(screener, NULL, 2, &out));
    REFUSED(DEEPSCREEN_NULL_ARGUMENT, out, deepscreen_stream_new(screener, paths, 2, &out));
    REFUSED(DEEPSCREEN_WRONG_LENGTH, out, deepscreen_stream_new(screener, paths, SIZE_MAX, &out));
    REFUSED(DEEPSCREEN_UNREADABLE, out, deepscreen_hash_path("no/such/file", &out));
    REFUSED(DEEPSCREEN_EMPTY, out, deepscreen_hash_bytes(rgb, 0, &out));
    REFUSED(DEEPSCREEN_WRONG_LENGTH, out, deepscreen_hash_pixels(rgb, 13, 2, 2, 6, &out));
    EXPECT(deepscreen_screener_new(NULL, NULL) == DEEPSCREEN_NULL_ARGUMENT);
    EXPECT(deepscreen_screen_path(screener, file, NULL) == DEEPSCREEN_NULL_ARGUMENT);
    EXPECT(deepscreen_hash_path(file, NULL) == DEEPSCREEN_NULL_ARGUMENT);

    /* Exactly as long as it has to be: every byte is read, none beyond. */
    EXPECT(deepscreen_screen_pixels(screener, rgb, 12, 2, 2, 6, &out) == DEEPSCREEN_OK);
    EXPECT(deepscreen_text_free(out) == DEEPSCREEN_OK);
    EXPECT(deepscreen_screen_pixels(screener, rgb, 11, 1, 2, 8, &out) == DEEPSCREEN_OK);
    EXPECT(deepscreen_text_free(out) == DEEPSCREEN_OK);
    free(latin);
    free(rgb);
}

static void freed_and_invented_handles(deepscreen_screener screener) {
    uint64_t out;
    deepscreen_screener other = 0;
    deepscreen_stream stream = 0;
    deepscreen_text record = 0;
    EXPECT(deepscreen_screener_in_language(screener, "vi", &other) == DEEPSCREEN_OK);
    EXPECT(deepscreen_stream_new(other, &file, 1, &stream) == DEEPSCREEN_OK);
    EXPECT(deepscreen_screener_free(other) == DEEPSCREEN_OK);
    EXPECT(deepscreen_screener_free(other) == DEEPSCREEN_INVALID_HANDLE);
    EXPECT(deepscreen_stream_next(stream, NULL) == DEEPSCREEN_NULL_ARGUMENT);
    EXPECT(deepscreen_stream_next(stream, &record) == DEEPSCREEN_OK);

    uint64_t wrong[] = {0, 1, other, stream, record, UINT64_MAX, (uint64_t)(uintptr_t)&out};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        REFUSED(DEEPSCREEN_INVALID_HANDLE, out, deepscreen_screen_path(wrong[i], file, &out));
        REFUSED(DEEPSCREEN_INVALID_HANDLE, out, deepscreen_screen_bytes(wrong[i], "GIF89a", 6, &out));
        REFUSED(DEEPSCREEN_INVALID_HANDLE, out, deepscreen_screener_in_language(wrong[i], "en", &out));
        REFUSED(DEEPSCREEN_INVALID_HANDLE, out, deepscreen_stream_new(wrong[i], &file, 1, &out));
        EXPECT(deepscreen_screener_reload(wrong[i]) == DEEPSCREEN_INVALID_HANDLE);
        if (wrong[i] != stream) REFUSED(DEEPSCREEN_INVALID_HANDLE, out, deepscreen_stream_next(wrong[i], &out));
        if (wrong[i] != record) EXPECT(!deepscreen_text_data(wrong[i]) && !deepscreen_text_length(wrong[i]));
    }
    EXPECT(deepscreen_text_free(stream) == DEEPSCREEN_INVALID_HANDLE);
    EXPECT(deepscreen_stream_free(record) == DEEPSCREEN_INVALID_HANDLE);

    EXPECT(strlen(deepscreen_text_data(record)) == deepscreen_text_length(record));
    EXPECT(deepscreen_text_free(record) == DEEPSCREEN_OK);
    EXPECT(deepscreen_text_free(record) == DEEPSCREEN_INVALID_HANDLE);
    EXPECT(deepscreen_text_data(record) == NULL);
    EXPECT(deepscreen_stream_next(stream, &record) == DEEPSCREEN_END && record == 0);
    EXPECT(deepscreen_stream_free(stream) == DEEPSCREEN_OK);
    EXPECT(deepscreen_stream_free(stream) == DEEPSCREEN_INVALID_HANDLE);
    EXPECT(deepscreen_screener_free(0) == DEEPSCREEN_OK && deepscreen_stream_free(0) == DEEPSCREEN_OK);
    EXPECT(deepscreen_text_free(0) == DEEPSCREEN_OK);
}

static void a_stream_left_in_the_middle(deepscreen_screener screener) {
    const char *paths[200];
    deepscreen_stream stream = 0;
    deepscreen_text record = 0;
    for (int i = 0; i < 200; i++) paths[i] = file;
    EXPECT(deepscreen_stream_new(screener, paths, 200, &stream) == DEEPSCREEN_OK);
    EXPECT(deepscreen_stream_next(stream, &record) == DEEPSCREEN_OK);
    EXPECT(deepscreen_stream_free(stream) == DEEPSCREEN_OK);
    /* The record is the caller's, whatever became of the stream. */
    EXPECT(strstr(deepscreen_text_data(record), "\"deepscreen/1\""));
    EXPECT(deepscreen_text_free(record) == DEEPSCREEN_OK);
}

struct shared {
    deepscreen_screener screener;
    deepscreen_stream stream;
};

/* Until somebody frees what it uses. */
static void *work(void *argument) {
    struct shared *shared = argument;
    for (;;) {
        deepscreen_text record = 0;
        deepscreen_status status = deepscreen_screen_path(shared->screener, file, &record);
        if (status == DEEPSCREEN_INVALID_HANDLE) break;
        EXPECT(status == DEEPSCREEN_OK && deepscreen_text_free(record) == DEEPSCREEN_OK);
        status = deepscreen_stream_next(shared->stream, &record);
        if (status == DEEPSCREEN_INVALID_HANDLE) break;
        EXPECT(status == DEEPSCREEN_OK && deepscreen_text_free(record) == DEEPSCREEN_OK);
    }
    return NULL;
}

static void handles_freed_while_threads_use_them(deepscreen_screener screener) {
    enum { MANY = 100000 };
    struct shared shared = {0, 0};
    const char **paths = malloc(MANY * sizeof *paths);
    pthread_t threads[4];
    for (int i = 0; i < MANY; i++) paths[i] = file;
    EXPECT(deepscreen_screener_in_language(screener, "en", &shared.screener) == DEEPSCREEN_OK);
    EXPECT(deepscreen_stream_new(shared.screener, paths, MANY, &shared.stream) == DEEPSCREEN_OK);
    free(paths);
    for (int i = 0; i < 4; i++) EXPECT(pthread_create(&threads[i], NULL, work, &shared) == 0);
    for (int i = 0; i < 20; i++) {
        deepscreen_text record = 0;
        EXPECT(deepscreen_stream_next(shared.stream, &record) == DEEPSCREEN_OK);
        EXPECT(deepscreen_text_free(record) == DEEPSCREEN_OK);
        EXPECT(deepscreen_screener_reload(shared.screener) == DEEPSCREEN_OK);
    }
    EXPECT(deepscreen_stream_free(shared.stream) == DEEPSCREEN_OK);
    EXPECT(deepscreen_screener_free(shared.screener) == DEEPSCREEN_OK);
    for (int i = 0; i < 4; i++) EXPECT(pthread_join(threads[i], NULL) == 0);
}

int main(int count, char **arguments) {
    deepscreen_screener screener = 0;
    if (count != 2) return 2;
    file = arguments[1];
    EXPECT(deepscreen_abi_version() == DEEPSCREEN_ABI_VERSION);
    EXPECT(strcmp(deepscreen_status_name(DEEPSCREEN_TOO_LARGE), "too_large") == 0);
    EXPECT(strcmp(deepscreen_status_name(-7), "unknown") == 0);
    EXPECT(deepscreen_last_error() == DEEPSCREEN_OK && deepscreen_last_error_message()[0] == 0);
    EXPECT(deepscreen_screener_new("{\"models\": [], \"threads\": 2}", &screener) == DEEPSCREEN_OK);
    null_and_wrong_lengths(screener);
    freed_and_invented_handles(screener);
    a_stream_left_in_the_middle(screener);
    handles_freed_while_threads_use_them(screener);
    EXPECT(deepscreen_handle_count() == 1);
    EXPECT(deepscreen_screener_free(screener) == DEEPSCREEN_OK);
    EXPECT(deepscreen_handle_count() == 0);
    puts("every misuse was refused");
    return 0;
}
