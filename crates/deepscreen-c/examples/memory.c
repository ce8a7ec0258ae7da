/* Screens the same bytes over and over and prints how much memory that takes: it stays as it is. Linux alone.
 *
 *   cc memory.c -o memory $(pkg-config --cflags --libs deepscreen)
 *   ./memory FILE CALLS [SETTINGS] */
#include <deepscreen.h>
#include <stdio.h>
#include <stdlib.h>

static long resident_kib(void) {
    char line[256];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) sscanf(line, "VmRSS: %ld", &kib);
    if (status) fclose(status);
    return kib;
}

int main(int count, char **arguments) {
    static unsigned char bytes[1 << 20];
    FILE *file = count > 2 ? fopen(arguments[1], "rb") : NULL;
    if (!file) return fputs("usage: memory FILE CALLS [SETTINGS]\n", stderr), 2;
    size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    long calls = atol(arguments[2]);
    deepscreen_screener screener = 0;
    if (deepscreen_screener_new(count > 3 ? arguments[3] : NULL, &screener) != DEEPSCREEN_OK)
        return fprintf(stderr, "memory: %s\n", deepscreen_last_error_message()), 2;
    for (long call = 1; call <= calls; call++) {
        deepscreen_text record = 0, none = 0;
        if (deepscreen_screen_bytes(screener, bytes, length, &record) != DEEPSCREEN_OK) return 1;
        deepscreen_text_free(record);
        deepscreen_screen_bytes(record, bytes, length, &none); /* freed: an error, whose message is kept */
        if (call % (calls >= 10 ? calls / 10 : 1) == 0)
            printf("%7ld calls: %ld KiB, %zu handles\n", call, resident_kib(), deepscreen_handle_count()), fflush(stdout);
    }
    deepscreen_screener_free(screener);
    return deepscreen_handle_count() == 0 ? 0 : 1;
}
