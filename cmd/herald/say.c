#include "say.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void say(const char *text, ...)
{
        va_list ap;

        va_start(ap, text);
        for (; text; text = va_arg(ap, const char *)) {
                char shown[256];

                for (const char *rest = text; *rest;) {
                        rest += text_printable(shown, sizeof(shown), rest);
                        fputs(shown, stdout);
                }
        }
        va_end(ap);
}

void say_cell(const char *text, int width)
{
        int len = (int)strlen(text);

        say(text, NULL);
        printf("%*s", len < width ? width - len : 1, "");
}
