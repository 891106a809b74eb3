#include "kernels/math.h"
