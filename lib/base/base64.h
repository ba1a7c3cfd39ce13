/* RFC 4648, of texts. */
#pragma once

/* NULL if it is not base64 of a text: padding may be missing, white space may be there, a NUL may not. For free(),
 * or for secret_free(). */
char *base64_text(const char *);
