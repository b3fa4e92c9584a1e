/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/listing_dialects.h"

enum { SECONDS_A_DAY = 86400 };

/* ---- Months -------------------------------------------------------------------- */

/* What nearly all of them write; the others are not looked through for every line. */
static const struct text usual_months[12] = {
    TEXT("Jan"), TEXT("Feb"), TEXT("Mar"), TEXT("Apr"), TEXT("May"), TEXT("Jun"),
    TEXT("Jul"), TEXT("Aug"), TEXT("Sep"), TEXT("Oct"), TEXT("Nov"), TEXT("Dec"),
};

/*
 * Servers run ls in the language of whoever started them. Short and long names
 * of English, German, French, Spanish, Catalan, Italian, Portuguese, Romanian,
 * Dutch, Danish, Swedish, Norwegian, Finnish, Estonian, Polish, Czech, Slovak,
 * Slovenian, Hungarian, Turkish, Russian and Ukrainian; the commoner ones in
 * ISO 8859-1, too. A dot behind them is cut off before. Croatian is not there:
 * its "lip", "srp" and "lis" are other months than in Polish and Czech.
 */
static const struct text months[12] = {
    TEXT("january jän jänner jaen j\xe4n januar janv janvier ene enero gen gener gennaio "
         "janeiro ian ianuarie januari tammi tammikuu jaan sty styczeń led leden január oca "
         "ocak янв января січ січня"),
    TEXT("february februar fév févr février f\xe9v f\xe9vr febrero febr febrer febbraio fev "
         "fevereiro februarie februari helmi helmikuu veebr lut luty úno únor február şub "
         "Şub şubat фев февр февраля лют лютого"),
    TEXT("march mär märz mrz maerz m\xe4r m\xe4rz mars marzo març março mrt maart marts "
         "martie maalis maaliskuu märts marzec bře březen marec márc március mart марта мар "
         "бер березня"),
    TEXT("april avr avril abr abril aprile aprilie huhti huhtikuu kwi kwiecień dub duben "
         "apríl ápr április nis nisan апр апреля кві квітня"),
    TEXT("mai mayo maig mag maggio maio mei maj touko toukokuu kvě květen máj május mayıs "
         "май мая тра травня"),
    TEXT("june juni juin junio juny giu giugno junho iun iunie kesä kesäkuu kes\xe4 juuni "
         "cze czerwiec čen červen jún június haz haziran июн июня чер червня"),
    TEXT("july juli juil juillet julio juliol lug luglio julho iul iulie heinä heinäkuu "
         "hein\xe4 juuli lip lipiec čec červenec júl július tem temmuz июл июля лип липня"),
    TEXT("august août ao\xfbt aout ago agosto ag agost augustus augusti elo elokuu sie "
         "sierpień srp srpen avg avgust augusztus ağu ağustos авг августа сер серпня"),
    TEXT("september sept septembre septiembre set setiembre setembre settembre setembro "
         "septembrie syys syyskuu wrz wrzesień zář září szept szeptember eyl eylül сен сент "
         "сентября вер вересня"),
    TEXT("october okt oktober octobre octubre ott ottobre out outubro octombrie loka lokakuu "
         "paź październik říj říjen október eki ekim окт октября жов жовтня"),
    TEXT("november novembre noviembre novembro noi noiembrie marras marraskuu lis listopad "
         "kas kasım ноя нояб ноября лис листопада"),
    TEXT("december dez dezember déc décembre d\xe9"
         "c dic diciembre dicembre des desembre "
         "dezembro decembrie dets joulu joulukuu gru grudzień pro prosinec ara aralık дек "
         "декабря гру грудня"),
};

/* Cuts `end` off: true when t had it and is not that alone. */
static bool cut_end(struct text *t, struct text end)
{
    if (t->len <= end.len || !text_equal(text_after(*t, t->len - end.len), end))
        return false;
    t->len -= end.len;
    return true;
}

/* A number of `most` digits at most, no sign. */
static bool read_number(struct text t, size_t most, unsigned *ret_number)
{
    uint64_t number;
    if (t.len > most || !text_to_number(t, 9999, &number))
        return false;
    *ret_number = (unsigned)number;
    return true;
}

unsigned listing_month(struct text word)
{
    unsigned number;
    /* Japanese and Chinese; Korean. */
    if (cut_end(&word, TEXT("月")) || cut_end(&word, TEXT("월")))
        return read_number(word, 2, &number) && number <= 12 ? number : 0;
    cut_end(&word, TEXT("."));
    if (!word.len || text_is_digit(word.at[0]))
        return 0;
    for (unsigned i = 0; i < 12; i++)
        if (text_equal_any_case(word, usual_months[i]))
            return i + 1;
    for (unsigned i = 0; i < 12; i++)
        if (listing_is_one_of(word, months[i]))
            return i + 1;
    return 0;
}

/* ---- Days in one word ------------------------------------------------------------ */

/* Two digits are of 1970 to 2069. */
static bool read_year(struct text t, unsigned *ret_year)
{
    unsigned year;
    if ((t.len != 2 && t.len != 4) || !read_number(t, 4, &year))
        return false;
    if (t.len == 2)
        year += year < 70 ? 2000 : 1900;
    *ret_year = year;
    return true;
}

static bool set_day(struct listing_date *date, struct text year, unsigned month, unsigned day)
{
    *date = (struct listing_date){
        .has_year = true, .month = month, .day = day, .precision = LISTING_TIME_DAY};
    return read_year(year, &date->year);
}

/* Digits only: which of the three is the year, which the day? */
static bool read_digits(const struct text *parts, char mark, struct listing_date *date)
{
    unsigned n[3];
    for (size_t i = 0; i < 3; i++)
        if (!read_number(parts[i], 4, &n[i]))
            return false;
    if (parts[0].len == 4 || (parts[0].len == 2 && n[0] > 31 && parts[2].len == 2))
        return parts[1].len <= 2 && parts[2].len <= 2 && set_day(date, parts[0], n[1], n[2]);
    if (parts[0].len > 2 || parts[1].len > 2)
        return false;
    if (n[0] > 12 || (mark == '.' && n[1] <= 12))
        return set_day(date, parts[2], n[1], n[0]);
    return set_day(date, parts[2], n[0], n[1]);
}

bool listing_date_read_day(struct text word, struct listing_date *ret_date)
{
    struct listing_date date;
    struct text parts[3];
    unsigned day;
    size_t end = 0;
    while (end < word.len && !listing_is_any_of(word.at[end], TEXT("-/.")))
        end++;
    if (end == word.len)
        return false;
    char mark = word.at[end];
    parts[0] = text_take_until(&word, mark);
    parts[1] = text_take_until(&word, mark);
    parts[2] = word;
    bool read;
    if (listing_month(parts[1])) /* VMS, NonStop: 5-JAN-2024 */
        read = read_number(parts[0], 2, &day) &&
               set_day(&date, parts[2], listing_month(parts[1]), day);
    else if (listing_month(parts[0])) /* VxWorks: JAN-05-2024 */
        read = read_number(parts[1], 2, &day) &&
               set_day(&date, parts[2], listing_month(parts[0]), day);
    else
        read = read_digits(parts, mark, &date);
    if (read)
        *ret_date = date;
    return read;
}

bool listing_date_read_digits(struct text word, struct listing_date *ret_date)
{
    for (size_t i = 0; i < word.len; i++)
        if (!text_is_digit(word.at[i]) && !listing_is_any_of(word.at[i], TEXT("-/.")))
            return false;
    return listing_date_read_day(word, ret_date);
}

/* ---- Times ---------------------------------------------------------------------- */

/* 12 AM is midnight, 12 PM noon. */
static void set_half(struct listing_date *date, bool is_afternoon)
{
    date->hour = date->hour % 12 + (is_afternoon ? 12 : 0);
}

/* "AM", "p" and the like. */
static bool is_half(struct text t)
{
    return listing_is_one_of(t, TEXT("AM PM A P"));
}

/* "10", "10.25": seconds and their fraction. */
static bool read_second(struct text t, struct listing_date *date)
{
    struct text fraction = t;
    struct text second = text_take_until(&fraction, '.');
    if (second.len < t.len && !listing_is_number(fraction))
        return false;
    date->precision = LISTING_TIME_SECOND;
    return second.len == 2 && read_number(second, 2, &date->second) && date->second <= 60;
}

bool listing_date_take_time(struct text *rest, struct listing_date *date)
{
    struct listing_date timed = *date;
    struct text after = *rest;
    struct text word = listing_take_word(&after);
    size_t end = word.len;
    while (end && !text_is_digit(word.at[end - 1]))
        end--;
    struct text half = text_after(word, end);
    struct text second = {word.at, end};
    struct text hour = text_take_until(&second, ':');
    bool has_minute = hour.len < end;
    struct text minute = text_take_until(&second, ':');
    if (!has_minute || minute.len != 2 || !read_number(hour, 2, &timed.hour) ||
        !read_number(minute, 2, &timed.minute) || timed.minute > 59 ||
        timed.hour > (timed.minute ? 23 : 24) || /* ISO 8601: the end of that day */
        (half.len && !is_half(half)))
        return false;
    timed.precision = LISTING_TIME_MINUTE;
    if (hour.len + 1 + minute.len < end && !read_second(second, &timed))
        return false;
    if (!half.len) { /* "02:20 PM" */
        struct text further = after;
        half = listing_take_word(&further);
        if (half.len == 2 && is_half(half))
            after = further;
        else
            half.len = 0;
    }
    if (half.len)
        set_half(&timed, text_upper(half.at[0]) == 'P');
    *date = timed;
    *rest = after;
    return true;
}

/* "+0100" behind a time that has seconds (ls --full-time). */
static void take_zone(struct text *rest, struct listing_date *date)
{
    struct text after = *rest;
    struct text word = listing_take_word(&after);
    unsigned number;
    if (word.len != 5 || (word.at[0] != '+' && word.at[0] != '-') || !after.len ||
        !read_number(text_after(word, 1), 4, &number) || number % 100 > 59)
        return;
    int minutes = (int)(number / 100 * 60 + number % 100);
    date->zone_minutes = word.at[0] == '-' ? -minutes : minutes;
    *rest = after;
}

/* ---- Days as ls writes them -------------------------------------------------------- */

/* Four digits, or "2024年". */
static bool take_year(struct text *rest, struct listing_date *date)
{
    struct text after = *rest;
    struct text word = listing_take_word(&after);
    unsigned year;
    if (!cut_end(&word, TEXT("年")))
        cut_end(&word, TEXT("년"));
    if (word.len != 4 || !read_number(word, 4, &year))
        return false;
    date->has_year = true;
    date->year = year;
    *rest = after;
    return true;
}

/* "5", "05", "5." (German), "5,", "5日", "5일". */
static bool read_day_of_month(struct text word, unsigned *ret_day)
{
    unsigned day;
    if (!cut_end(&word, TEXT("日")) && !cut_end(&word, TEXT("일")) && !cut_end(&word, TEXT(".")))
        cut_end(&word, TEXT(","));
    if (!read_number(word, 2, &day) || day > 31)
        return false;
    *ret_day = day;
    return true;
}

/* "Nov 20", "20 Nov", "20. Nov." */
static bool take_named_day(struct text *rest, struct listing_date *date)
{
    struct text after = *rest;
    struct text first = listing_take_word(&after);
    struct text second = listing_take_word(&after);
    /* Names of months are many, and words that are none of them, too: the number goes first. */
    if (read_day_of_month(second, &date->day))
        date->month = listing_month(first);
    else if (read_day_of_month(first, &date->day))
        date->month = listing_month(second);
    else
        return false;
    if (!date->month)
        return false;
    date->precision = LISTING_TIME_DAY;
    *rest = after;
    return true;
}

/* Behind "Nov 20": a time, a year, or both, in any order. */
static bool take_time_or_year(struct text *rest, struct listing_date *date)
{
    struct listing_date more;
    struct text after;
    if (listing_date_take_time(rest, date)) {
        /* ls -lT of BSD. Without seconds that number would be the name's beginning. */
        more = *date;
        after = *rest;
        if (date->precision == LISTING_TIME_SECOND && take_year(&after, &more) && after.len > 1) {
            *rest = after;
            *date = more;
        }
        return true;
    }
    if (!take_year(rest, date))
        return false;
    more = *date;
    after = *rest;
    if (listing_date_take_time(&after, &more) && after.len > 1) {
        *rest = after;
        *date = more;
    }
    return true;
}

/* "01-05 10:11": ls --time-style=iso of the last months. */
static bool take_short_day(struct text *rest, struct listing_date *date)
{
    struct text after = *rest;
    struct text day = listing_take_word(&after);
    struct text month = text_take_until(&day, '-');
    if (month.len != 2 || day.len != 2 || !read_number(month, 2, &date->month) ||
        !read_number(day, 2, &date->day) || !listing_date_take_time(&after, date))
        return false;
    *rest = after;
    return true;
}

/* "2024-01-05", "05.01.2024" and what may follow them. */
static bool take_joined_day(struct text *rest, struct listing_date *date)
{
    struct text after = *rest;
    if (!listing_date_read_day(listing_take_word(&after), date))
        return false;
    *rest = after;
    if (!listing_date_take_time(rest, date)) {
        /* ls --time-style=iso of older files: the day alone, in a column of eleven. */
        if (rest->len > 2 && rest->at[0] == ' ' && rest->at[1] == ' ')
            *rest = text_after(*rest, 1);
    } else if (date->precision == LISTING_TIME_SECOND) {
        take_zone(rest, date);
    }
    return true;
}

bool listing_date_take(struct text *rest, struct listing_date *ret_date)
{
    struct listing_date date = {0};
    struct text after = *rest;
    struct text word = listing_take_word(&after);
    /* "Thu Nov 20 10:11:12 1995": ls --full-time of old GNU fileutils. */
    if (!listing_is_one_of(word, TEXT("Mon Tue Wed Thu Fri Sat Sun")))
        after = *rest;
    if (!take_joined_day(&after, &date) && !take_short_day(&after, &date)) {
        date = (struct listing_date){0};
        bool is_year_first = word.len > 4 && take_year(&after, &date); /* "2024年 11月 20日" */
        if (!take_named_day(&after, &date))
            return false;
        if (is_year_first)
            (void)listing_date_take_time(&after, &date);
        else if (!take_time_or_year(&after, &date))
            return false;
    }
    *rest = after;
    *ret_date = date;
    return true;
}

bool listing_date_take_foreign(struct text *rest, struct listing_date *ret_date)
{
    struct listing_date date = {.month = 0};
    struct text after = *rest;
    struct text month = listing_take_word(&after);
    struct text day = listing_take_word(&after);
    if (month.len && text_is_digit(month.at[0])) { /* the day first */
        struct text other = month;
        month = day;
        day = other;
    }
    if (!month.len || text_is_digit(month.at[0]) || !read_day_of_month(day, &date.day) ||
        !take_time_or_year(&after, &date))
        return false;
    *rest = after;
    *ret_date = date;
    return true;
}

/* ---- Seconds ------------------------------------------------------------------------ */

/* Days since 1970-01-01 in the Gregorian calendar, year 1 and later: years begin in March, so that
 * the day that comes and goes is their last. */
static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
    enum { DAYS_TO_1970 = 719468, DAYS_OF_400_YEARS = 146097 };
    int64_t years = (int64_t)year - (month <= 2);
    int64_t of_400 = years % 400;
    int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return years / 400 * DAYS_OF_400_YEARS + of_400 * 365 + of_400 / 4 - of_400 / 100 + of_year -
           DAYS_TO_1970;
}

static bool is_real(unsigned year, unsigned month, unsigned day)
{
    static const unsigned char days[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] && (month != 2 || day < 29 || is_leap);
}

static int64_t seconds_in(unsigned year, const struct listing_date *date)
{
    return days_of(year, date->month, date->day) * SECONDS_A_DAY + date->hour * INT64_C(3600) +
           date->minute * INT64_C(60) + date->second - date->zone_minutes * INT64_C(60);
}

/* The last year in which the date is not after tomorrow; 0 when there is none near. */
static unsigned year_of(const struct listing_date *date, int64_t now)
{
    enum { YEARS_BACK = 8 }; /* as far apart as two leap years can be */
    unsigned next = (unsigned)(now / SECONDS_A_DAY * 400 / 146097) + 1970 + 1;
    for (unsigned year = next + 1; year > next - YEARS_BACK - 2; year--)
        if (is_real(year, date->month, date->day) && seconds_in(year, date) <= now + SECONDS_A_DAY)
            return year;
    return 0;
}

void listing_date_set(const struct listing_date *date, int64_t now, struct listing_item *item)
{
    unsigned year = date->has_year ? date->year : year_of(date, now);
    if (!is_real(year, date->month, date->day))
        return;
    item->modified = seconds_in(year, date);
    item->precision = date->precision;
}
