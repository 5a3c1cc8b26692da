window.Redoc.init(
  '/openapi.json',
  { hideDownloadButtons: false, nativeScrollbars: true, sanitize: true, expandResponses: '200,201' },
  document.getElementById('ui'),
);
