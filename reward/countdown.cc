// reward/countdown.cc
