// Small line charts as inline SVG, coloured by the page's style sheet.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace r1zero {

// The text with & < > and quotes as entities.
std::string EscapeHtml(std::string_view text);

struct Series {
  std::string name;
  std::vector<double> x, y;
  std::vector<double> low, high;  // of an interval, or empty
  bool is_sparse = false;  // dots with tooltips; otherwise a noisy line with its moving average
};

struct Chart {
  std::string title;
  std::vector<Series>
      series;  // those without points are left out; at most 3 have a colour of their own
  bool starts_at_zero = true;
};

// A <figure> with title, legend, first and last value and the plot; empty if there are no points.
std::string ChartHtml(const Chart& chart);

// The <style> rules that ChartHtml counts on, given --series-1..3, --muted and --grid.
std::string_view ChartCss();

}  // namespace r1zero
