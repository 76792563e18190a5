import type { INestApplication, Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** Holds the document that `/api/openapi.json` serves; built once the routes exist. */
export class OpenApi {
  document: OpenAPIObject | undefined;

  describe(app: INestApplication): void {
    for (const module of app.get(ModulesContainer).values())
      for (const { metatype } of module.controllers.values()) declareParameters(metatype as Type);
    const about = new DocumentBuilder()
      .setTitle('Weirkeeper')
      .setDescription('Routes ask for a bearer token; errors are problem details (RFC 9457).')
      .setVersion('1')
      .addBearerAuth({ type: 'http', scheme: 'bearer' }, 'token')
      .addSecurityRequirements('token')
      .build();
    this.document = SwaggerModule.createDocument(app, about);
  }
}

/**
 * The swagger module reads a handler's parameters only if the compiler left their types, which it does not
 * here (no emitDecoratorMetadata); the schemas that it needs hang on the parameters themselves.
 */
function declareParameters(controller: Type): void {
  const prototype = controller.prototype as object;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const parameters = Reflect.getMetadata('__routeArguments__', controller, name) as object | undefined;
    if (!parameters || Reflect.hasMetadata('design:paramtypes', prototype, name)) continue;
    const count = Object.keys(parameters).length;
    Reflect.defineMetadata('design:paramtypes', Array(count).fill(Object), prototype, name);
  }
}
