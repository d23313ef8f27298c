"""The report as an Excel workbook, one module a sheet."""

from lycurgus.exporters.xlsx.workbook import XlsxExporter

__all__ = ["XlsxExporter"]
