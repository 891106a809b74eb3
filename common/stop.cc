#include "common/stop.h"
