/* Prints the record of each file, and of each file in the folders, one JSON line each.
 *
 *   cc screen.c -o screen $(pkg-config --cflags --libs deepscreen)
 *   ./screen [--settings JSON] PATH.. */
#include <deepscreen.h>
#include <stdio.h>
#include <string.h>

static int failed(const char *call) {
    fprintf(stderr, "screen: %s: %s\n", call, deepscreen_last_error_message());
    return 2;
}

int main(int count, char **arguments) {
    const char *settings = NULL;
    int first = 1;
    if (count > 2 && strcmp(arguments[1], "--settings") == 0) {
        settings = arguments[2];
        first = 3;
    }
    if (first >= count) {
        fputs("usage: screen [--settings JSON] PATH..\n", stderr);
        return 2;
    }
    deepscreen_screener screener = 0;
    deepscreen_stream stream = 0;
    deepscreen_text record = 0;
    if (deepscreen_screener_new(settings, &screener) != DEEPSCREEN_OK) return failed("settings");
    const char *const *paths = (const char *const *)arguments + first;
    if (deepscreen_stream_new(screener, paths, count - first, &stream) != DEEPSCREEN_OK) return failed("paths");
    deepscreen_status status;
    while ((status = deepscreen_stream_next(stream, &record)) == DEEPSCREEN_OK) {
        puts(deepscreen_text_data(record));
        deepscreen_text_free(record);
    }
    deepscreen_stream_free(stream);
    deepscreen_screener_free(screener);
    return status == DEEPSCREEN_END ? 0 : failed("record");
}
