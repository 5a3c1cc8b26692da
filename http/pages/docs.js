/* validatorUrl null: the document is shown to nobody else. */
window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#ui',
  deepLinking: true,
  validatorUrl: null,
  tryItOutEnabled: true,
  withCredentials: true,
  defaultModelsExpandDepth: 0,
  docExpansion: 'list',
});
