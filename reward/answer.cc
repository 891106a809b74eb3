// reward/answer.cc
