// tasks/countdown.cc
