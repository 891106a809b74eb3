#include "common/tfrecord.h"
