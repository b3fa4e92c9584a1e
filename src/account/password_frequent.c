/* SPDX-License-Identifier: Apache-2.0 */
#include "account/password_frequent.h"

/* From the published lists of leaked passwords, English and Spanish. */
static const char *const frequent[] = {
    "1q2w3e4r",   "1q2w3e4r5t", "1qazxsw2",   "a1b2c3d4",      "abc12345",      "abcd1234",
    "access14",   "admin123",   "admin1234",  "administrador", "administrator", "alejandra",
    "alejandro",  "alexander",  "anonymous",  "asdf1234",      "aa123456",      "barcelona",
    "baseball",   "basketball", "beatrice",   "blink182",      "bonjour1",      "butterfly",
    "carolina",   "changeme",   "charlie1",   "chocolate",     "christopher",   "computer",
    "contraseña", "contrasena", "corvette",   "cristina",      "daniela1",      "danielle",
    "december",   "december1",  "default1",   "dragon123",     "einstein",      "elephant",
    "estrella",   "fernando",   "football",   "football1",     "francisco",     "freedom1",
    "ftpserver",  "gabriela",   "garfield",   "guillermo",     "hello123",      "hola1234",
    "iloveyou",   "iloveyou1",  "iloveyou2",  "internet",      "jennifer",      "jonathan",
    "liverpool",  "letmein1",   "letmein123", "manchester",    "margarita",     "mariposa",
    "maverick",   "mercedes",   "michelle",   "midnight",      "monkey123",     "mustang1",
    "nicholas",   "p@ssw0rd",   "p@ssword",   "pa55word",      "passw0rd",      "password",
    "password!",  "password1",  "password12", "password123",   "password1234",  "patricia",
    "pokemon1",   "princesa",   "princess",   "princess1",     "q1w2e3r4",      "q1w2e3r4t5",
    "qwer1234",   "qwerty12",   "qwerty123",  "qwerty1234",    "realmadrid",    "rockyou1",
    "samantha",   "sebastian",  "secret123",  "security",      "september",     "servidor",
    "shadow123",  "starwars",   "steelers",   "summer2024",    "sunshine",      "sunshine1",
    "superman",   "superman1",  "teamomucho", "temporal",      "tequiero",      "test1234",
    "trustno1",   "valentina",  "victoria",   "welcome1",      "welcome123",    "whatever",
    "zaq12wsx",   "zaq1zaq1",   "zxcvbnm1",
};

bool password_is_frequent(struct text password)
{
    for (size_t i = 0; i < sizeof(frequent) / sizeof(frequent[0]); i++)
        if (text_equal_any_case(password, text_of(frequent[i])))
            return true;
    return false;
}
