import { App } from 'aws-cdk-lib';
import { SingleDovecot } from './single-dovecot.ts';

new SingleDovecot(new App(), 'Mail');
