/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings as text, as JSON, and as SARIF 2.1.0 (Static Analysis Results Interchange Format,
 * OASIS): one run, whose driver lists all checks as rules, and a result a finding. A finding
 * without a file (inline rules) has no location.
 */
#include "commands/lint_report.h"

#include "base/memory.h"
#include "commands/printable.h"
#include "policy/json.h"

#include <stdio.h>
#include <string.h>

/* What a finding is about: the file, and the line where there is one. The lines of a recorded
   policy are those of a text that nobody has at hand. */
static struct place place_of(const struct lint_output *output, const struct lint_finding *finding)
{
    if (finding->of_binary || output->recorded) {
        return (struct place){.file = output->binary};
    }
    struct place place = finding->place;
    if (place.file && strcmp(place.file, "-") == 0) {
        place.file = "standard input";
    }
    return place;
}

static void print_clean(const char *text)
{
    CLEANUP_FREE char *clean = printable(text);
    (void)fputs(clean, stdout);
}

void report_lint_text(const struct lint_output *output)
{
    for (size_t i = 0; i < output->report->count; i++) {
        const struct lint_finding *finding = &output->report->findings[i];
        struct place place = place_of(output, finding);
        print_clean(place.file ? place.file : "command line");
        if (place.line) {
            printf(":%zu:%zu", place.line, place.column);
        }
        printf(": %s: %s: ", severity_text(finding->check->severity), finding->check->code);
        print_clean(finding->text);
        fputs("\n    ", stdout);
        print_clean(finding->way_out);
        putchar('\n');
    }
}

static void member(struct json_writer *writer, const char *key, const char *value)
{
    json_writer_key(writer, key);
    json_writer_string(writer, value);
}

static void member_number(struct json_writer *writer, const char *key, size_t value)
{
    json_writer_key(writer, key);
    json_writer_uint(writer, value);
}

static void open_object(struct json_writer *writer, const char *key)
{
    json_writer_key(writer, key);
    json_writer_object(writer);
}

static void open_array(struct json_writer *writer, const char *key)
{
    json_writer_key(writer, key);
    json_writer_array(writer);
}

static void json_finding(struct json_writer *writer, const struct lint_output *output,
                         const struct lint_finding *finding)
{
    struct place place = place_of(output, finding);
    json_writer_object(writer);
    member(writer, "code", finding->check->code);
    member(writer, "severity", severity_text(finding->check->severity));
    member(writer, "title", finding->check->title);
    member(writer, "text", finding->text);
    member(writer, "way-out", finding->way_out);
    member(writer, "file", place.file);
    if (place.line) {
        member_number(writer, "line", place.line);
        member_number(writer, "column", place.column);
    }
    json_writer_end_object(writer);
}

void report_lint_json(const struct lint_output *output)
{
    struct json_writer *writer = json_writer_new(true);
    size_t counts[SEVERITY_COUNT] = {0};
    json_writer_object(writer);
    member(writer, "elfcage-report", "lint");
    member_number(writer, "schema", REPORT_SCHEMA);
    member(writer, "target", output->arch->name);
    member(writer, "binary", output->binary);
    open_array(writer, "findings");
    for (size_t i = 0; i < output->report->count; i++) {
        json_finding(writer, output, &output->report->findings[i]);
        counts[output->report->findings[i].check->severity]++;
    }
    json_writer_end_array(writer);
    open_object(writer, "counts");
    for (unsigned i = 0; i < SEVERITY_COUNT; i++) {
        member_number(writer, severity_text((enum severity)i), counts[i]);
    }
    json_writer_end_object(writer);
    json_writer_end_object(writer);
    json_writer_print(writer, stdout);
}

/* {"KEY": {"text": TEXT}}: SARIF's multiformatMessageString and message. */
static void message(struct json_writer *writer, const char *key, const char *text)
{
    open_object(writer, key);
    member(writer, "text", text);
    json_writer_end_object(writer);
}

static void sarif_rule(struct json_writer *writer, const struct lint_check *check)
{
    json_writer_object(writer);
    member(writer, "id", check->code);
    message(writer, "shortDescription", check->title);
    message(writer, "fullDescription", check->help);
    message(writer, "help", check->help);
    open_object(writer, "defaultConfiguration");
    member(writer, "level", severity_text(check->severity));
    json_writer_end_object(writer);
    json_writer_end_object(writer);
}

/* A path as a URI reference (RFC 3986): what is not unreserved, and no slash, is escaped. */
static char *uri_of(const char *path)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    struct buffer uri = {0};
    buffer_printf(&uri, "%s", path[0] == '/' ? "file://" : "");
    for (const char *c = path; *c; c++) {
        if (strchr(plain, *c)) {
            buffer_add(&uri, c, 1);
        } else {
            buffer_printf(&uri, "%%%02X", (unsigned)(unsigned char)*c);
        }
    }
    return buffer_steal_text(&uri);
}

static void sarif_location(struct json_writer *writer, struct place place)
{
    CLEANUP_FREE char *uri = uri_of(place.file);
    json_writer_object(writer);
    open_object(writer, "physicalLocation");
    open_object(writer, "artifactLocation");
    member(writer, "uri", uri);
    json_writer_end_object(writer);
    if (place.line) {
        open_object(writer, "region");
        member_number(writer, "startLine", place.line);
        member_number(writer, "startColumn", place.column);
        json_writer_end_object(writer);
    }
    json_writer_end_object(writer);
    json_writer_end_object(writer);
}

static size_t rule_index(const struct lint_check *check)
{
    size_t index = 0;
    while (lint_check_at(index) != check) {
        index++;
    }
    return index;
}

static void sarif_result(struct json_writer *writer, const struct lint_output *output,
                         const struct lint_finding *finding)
{
    CLEANUP_FREE char *text = memory_printf("%s: %s", finding->text, finding->way_out);
    struct place place = place_of(output, finding);
    json_writer_object(writer);
    member(writer, "ruleId", finding->check->code);
    member_number(writer, "ruleIndex", rule_index(finding->check));
    member(writer, "level", severity_text(finding->check->severity));
    message(writer, "message", text);
    open_array(writer, "locations");
    if (place.file) {
        sarif_location(writer, place);
    }
    json_writer_end_array(writer);
    json_writer_end_object(writer);
}

void report_lint_sarif(const struct lint_output *output)
{
    struct json_writer *writer = json_writer_new(true);
    json_writer_object(writer);
    member(writer, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    member(writer, "version", "2.1.0");
    open_array(writer, "runs");
    json_writer_object(writer);
    open_object(writer, "tool");
    open_object(writer, "driver");
    member(writer, "name", "elfcage");
    member(writer, "version", ELFCAGE_VERSION);
    open_array(writer, "rules");
    const struct lint_check *check;
    for (size_t i = 0; (check = lint_check_at(i)); i++) {
        sarif_rule(writer, check);
    }
    json_writer_end_array(writer);
    json_writer_end_object(writer);
    json_writer_end_object(writer);
    member(writer, "columnKind", "unicodeCodePoints");
    open_array(writer, "results");
    for (size_t i = 0; i < output->report->count; i++) {
        sarif_result(writer, output, &output->report->findings[i]);
    }
    json_writer_end_array(writer);
    json_writer_end_object(writer);
    json_writer_end_array(writer);
    json_writer_end_object(writer);
    json_writer_print(writer, stdout);
}
