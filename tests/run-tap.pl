#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# Runs the jobs of a list under TAP::Harness (what prove(1) is made of) and closes with the line
# `N passed, N failed, N skipped`.
#
#   run-tap.pl LIST OUTPUT-DIRECTORY JOBS
#
# LIST has a line for each job: its name, a tab, a shell command that prints TAP. What each job
# prints is kept in OUTPUT-DIRECTORY/NAME. A job that dies, hangs or breaks its plan without a
# failed test counts as one failed test. Reasons of skipped tests are printed.
use strict;
use warnings;
use TAP::Harness;
use TAP::Parser::Aggregator;

my ($list, $output, $jobs) = @ARGV;
my (@names, %command);
open my $in, '<', $list or die "$list: $!\n";
while (my $line = <$in>) {
    chomp $line;
    my ($name, $command) = split /\t/, $line, 2;
    push @names, $name;
    $command{$name} = $command;
}
close $in;

$ENV{PERL_TEST_HARNESS_DUMP_TAP} = $output;
my $harness = TAP::Harness->new(
    {
        jobs   => $jobs,
        timer  => 1,
        merge  => 1,
        exec   => sub { ['bash', '-c', $command{$_[1]}] },
        errors => 0,
    }
);
my %skip;
$harness->callback(
    made_parser => sub {
        my ($parser, $job) = @_;
        my $name = $job->[0];
        $parser->callback(
            test => sub {
                my ($test) = @_;
                if ($test->has_skip) {
                    my $why = $test->explanation || 'no reason given';
                    $skip{"$name: $why"}++;
                }
            }
        );
    }
);

my $aggregator = TAP::Parser::Aggregator->new;
$aggregator->start;
$harness->aggregate_tests($aggregator, @names);
$aggregator->stop;

my ($passed, $failed, $skipped) = (0, 0, 0);
my @broken;
for my $name ($aggregator->descriptions) {
    my ($parser) = $aggregator->parsers($name);
    my $skips = scalar $parser->skipped;
    $passed  += scalar($parser->passed) - $skips;
    $skipped += $skips;
    if ($parser->skip_all) {
        $skipped++;
        $skip{ "$name: " . $parser->skip_all }++;
    }
    my @why;
    my @failures = $parser->failed;
    my @errors   = $parser->parse_errors;
    push @why, "$_" for @errors;
    push @why, 'exit status ' . $parser->exit if $parser->exit;
    push @why, 'killed by signal ' . ($parser->wait & 127) if $parser->wait & 127;
    if (@failures) {
        $failed += @failures;
    } elsif (@why) {
        $failed++;
    }
    push @broken, [$name, \@why] if @failures || @why;
}

for my $broken (@broken) {
    my ($name, $why) = @$broken;
    print "\nFAILED $name", (map { ", $_" } @$why), "\n";
    open my $tap, '<', "$output/$name" or next;
    my @lines = grep { !/^ok\b/ } <$tap>;
    close $tap;
    my $left_out = @lines - 60;
    splice @lines, 0, $left_out, "... $left_out lines before: $output/$name\n" if $left_out > 0;
    print "    $_" for @lines;
}
print "\n" if %skip;
print "skipped", ($skip{$_} > 1 ? " $skip{$_} times" : ''), ": $_\n" for sort keys %skip;
printf "%s\n", $aggregator->elapsed_timestr;
printf "%d passed, %d failed, %d skipped\n", $passed, $failed, $skipped;
exit($failed ? 1 : 0);
