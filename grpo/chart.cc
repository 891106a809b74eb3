#include "grpo/chart.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

namespace r1zero {
namespace {

constexpr double kWidth = 340, kHeight = 170;
constexpr double kLeft = 42, kRight = 10, kTop = 8, kBottom = 22;

struct Bounds {
  double low = INFINITY, high = -INFINITY;
  void Add(double v) {
    if (!std::isfinite(v)) return;
    low = std::min(low, v);
    high = std::max(high, v);
  }
};

// 1, 2 or 5 times a power of ten, such that about `count` of them span the bounds.
double TickStep(const Bounds& b, int count) {
  const double rough = (b.high - b.low) / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (double factor : {1.0, 2.0, 5.0})
    if (rough <= factor * power) return factor * power;
  return 10 * power;
}

std::string Number(double v, int digits = 3) {
  std::ostringstream text;
  const double size = std::abs(v);
  if (size >= 1e6) {
    text << std::setprecision(digits) << v / 1e6 << "M";
  } else if (size >= 1e4) {
    text << std::setprecision(digits) << v / 1e3 << "k";
  } else {
    text << std::setprecision(digits) << (size < 1e-12 ? 0 : v);
  }
  return text.str();
}

// Data to pixels.
class Scale {
 public:
  Scale(Bounds x, Bounds y) : x_(x), y_(y) {}
  double X(double v) const {
    return kLeft + (v - x_.low) / (x_.high - x_.low) * (kWidth - kLeft - kRight);
  }
  double Y(double v) const {
    return kHeight - kBottom - (v - y_.low) / (y_.high - y_.low) * (kHeight - kTop - kBottom);
  }
  const Bounds& x() const { return x_; }
  const Bounds& y() const { return y_; }

 private:
  Bounds x_, y_;
};

Scale FitScale(const Chart& chart) {
  Bounds x, y;
  if (chart.starts_at_zero) y.Add(0);
  for (const Series& s : chart.series) {
    for (double v : s.x) x.Add(v);
    for (const auto* values : {&s.y, &s.low, &s.high})
      for (double v : *values) y.Add(v);
  }
  if (!(x.high > x.low)) x = {x.low - 1, x.low + 1};
  if (!(y.high > y.low)) y = {y.low - 0.5, y.low + 0.5};
  const double step = TickStep(y, 5);
  return Scale(x, {std::floor(y.low / step) * step, std::ceil(y.high / step - 1e-9) * step});
}

std::string Point(const Scale& scale, double x, double y) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << scale.X(x) << "," << scale.Y(y);
  return out.str();
}

std::string Polyline(const Scale& scale, const std::vector<double>& x, const std::vector<double>& y,
                     const std::string& css) {
  std::string points;
  for (size_t i = 0; i < x.size(); ++i)
    if (std::isfinite(y[i])) points += Point(scale, x[i], y[i]) + " ";
  return "<polyline class=\"" + css + "\" points=\"" + points + "\"/>";
}

std::string Band(const Scale& scale, const Series& s, const std::string& css) {
  std::string points;
  for (size_t i = 0; i < s.low.size(); ++i) points += Point(scale, s.x[i], s.low[i]) + " ";
  for (size_t i = s.high.size(); i-- > 0;) points += Point(scale, s.x[i], s.high[i]) + " ";
  return "<polygon class=\"band " + css + "\" points=\"" + points + "\"/>";
}

std::vector<double> MovingAverage(const std::vector<double>& y, size_t radius) {
  std::vector<double> out(y.size());
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t first = i < radius ? 0 : i - radius;
    const size_t last = std::min(i + radius, y.size() - 1);
    for (size_t j = first; j <= last; ++j) out[i] += y[j] / static_cast<double>(last - first + 1);
  }
  return out;
}

std::string Dots(const Scale& scale, const Series& s, const std::string& css) {
  std::ostringstream out;
  for (size_t i = 0; i < s.x.size(); ++i) {
    out << "<circle class=\"" << css << "\" r=\"3\" cx=\"" << scale.X(s.x[i]) << "\" cy=\""
        << scale.Y(s.y[i]) << "\"><title>step " << s.x[i] << ": " << Number(s.y[i]);
    if (i < s.low.size()) out << " (" << Number(s.low[i]) << " to " << Number(s.high[i]) << ")";
    out << "</title></circle>";
  }
  return out.str();
}

std::string SeriesSvg(const Scale& scale, const Series& s, const std::string& css) {
  if (s.is_sparse)
    return (s.low.empty() ? "" : Band(scale, s, css)) + Polyline(scale, s.x, s.y, "line " + css) +
           Dots(scale, s, "dot " + css);
  return Polyline(scale, s.x, s.y, "raw " + css) +
         Polyline(scale, s.x, MovingAverage(s.y, 4), "line " + css);
}

std::string Text(double x, double y, const char* anchor, const std::string& text) {
  std::ostringstream out;
  out << "<text x=\"" << x << "\" y=\"" << y << "\" text-anchor=\"" << anchor << "\">" << text
      << "</text>";
  return out.str();
}

std::string Axes(const Scale& scale) {
  std::ostringstream out;
  const Bounds &x = scale.x(), &y = scale.y();
  const double step = TickStep(y, 5);
  for (double v = y.low; v < y.high + step / 2; v += step) {
    out << "<line class=\"grid\" x1=\"" << kLeft << "\" x2=\"" << kWidth - kRight << "\" y1=\""
        << scale.Y(v) << "\" y2=\"" << scale.Y(v) << "\"/>"
        << Text(kLeft - 5, scale.Y(v) + 3.5, "end", Number(v));
  }
  const double x_step = std::max(TickStep(x, 5), 1.0);
  for (double v = std::ceil(x.low / x_step) * x_step; v <= x.high; v += x_step)
    out << Text(scale.X(v), kHeight - 7, "middle", Number(v));
  return out.str();
}

std::string Legend(const Chart& chart) {
  const auto number = [](double v) { return Number(v, std::abs(v) < 100 ? 2 : 3); };
  std::string out;
  for (size_t i = 0; i < chart.series.size(); ++i) {
    const Series& s = chart.series[i];
    out += "<span class=\"key s" + std::to_string(i + 1) + "\"></span>" + EscapeHtml(s.name) +
           " <b>" + number(s.y.front()) + " → " + number(s.y.back()) + "</b> ";
  }
  return out;
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string ChartHtml(const Chart& asked) {
  Chart chart = asked;
  std::erase_if(chart.series, [](const Series& s) { return s.y.empty(); });
  if (chart.series.empty()) return "";
  const Scale scale = FitScale(chart);
  std::ostringstream out;
  out << "<figure><figcaption><h3>" << EscapeHtml(chart.title) << "</h3><p>" << Legend(chart)
      << "</p></figcaption><svg viewBox=\"0 0 " << kWidth << " " << kHeight << "\" role=\"img\">"
      << Axes(scale);
  for (size_t i = chart.series.size(); i-- > 0;)
    out << SeriesSvg(scale, chart.series[i], "s" + std::to_string(i + 1));
  out << "</svg></figure>\n";
  return out.str();
}

std::string_view ChartCss() {
  return R"(figure{margin:0}
figure h3{margin:0;font-size:.95rem}
figcaption p{margin:.1rem 0 .2rem;font-size:.8rem;color:var(--muted)}
figcaption b{color:var(--ink);font-weight:600;margin-right:.6em;white-space:nowrap;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto;display:block}
svg text{font-size:10px;fill:var(--muted);font-variant-numeric:tabular-nums}
.grid{stroke:var(--grid);stroke-width:1}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.raw{fill:none;stroke-width:1;opacity:.35}
.band{opacity:.18}
.line.s1,.raw.s1{stroke:var(--series-1)}.line.s2,.raw.s2{stroke:var(--series-2)}.line.s3,.raw.s3{stroke:var(--series-3)}
.band.s1,.dot.s1{fill:var(--series-1)}.band.s2,.dot.s2{fill:var(--series-2)}.band.s3,.dot.s3{fill:var(--series-3)}
.key{display:inline-block;width:.8em;height:.25em;vertical-align:middle;margin-right:.35em}
.key.s1{background:var(--series-1)}.key.s2{background:var(--series-2)}.key.s3{background:var(--series-3)}
)";
}

}  // namespace r1zero
